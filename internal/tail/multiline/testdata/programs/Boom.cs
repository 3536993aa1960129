// Traces of .NET: logged, printed, of tasks, and not caught.
using System;
using System.IO;
using System.Threading.Tasks;

namespace Shop
{
    class OutOfStock : Exception
    {
        public OutOfStock(string what, Exception cause) : base(what, cause) { }
    }

    class Orders
    {
        public int Pay(int items) { return 100 / items; }

        public void Take()
        {
            try { Pay(0); }
            catch (DivideByZeroException e) { throw new OutOfStock("none left", e); }
        }

        public async Task TakeLater()
        {
            await Task.Yield();
            Take();
        }

        public async Task Forward() { await TakeLater(); }
    }

    static class Program
    {
        static void Main()
        {
            var orders = new Orders();
            Console.Error.WriteLine("2026-03-05 10:11:12.123 INFO started");
            try { orders.Take(); }
            catch (Exception e) { Console.Error.WriteLine("2026-03-05 10:11:12.124 ERROR cannot take order: " + e); }
            Console.Error.WriteLine("2026-03-05 10:11:12.125 INFO next");
            try { orders.Forward().Wait(); }
            catch (AggregateException e) { Console.Error.WriteLine("fail: Shop.Orders[0]\n      cannot take orders\n" + e); }
            Console.Error.WriteLine("2026-03-05 10:11:12.126 INFO next");
            try { throw new AggregateException("several", new InvalidOperationException("one"), new IOException("two\nand a line")); }
            catch (AggregateException e) { Console.Error.WriteLine(e); }
            Console.Error.WriteLine("2026-03-05 10:11:12.127 INFO next");
            orders.Forward().GetAwaiter().GetResult();
        }
    }
}
