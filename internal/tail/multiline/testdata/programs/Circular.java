// Traces of Java with causes that go round in circles, messages of two lines, and
// of a thread that is not the main one.
public class Circular {
    public static void main(String[] args) throws Exception {
        Exception x = new Exception("x"), y = new RuntimeException("y", x);
        x.initCause(y);
        x.printStackTrace();
        System.err.println("2026-03-05 10:11:12 INFO between");
        new IllegalStateException("two\nlines of it").printStackTrace();
        Thread worker = new Thread(() -> { throw new IllegalStateException(); }, "worker [1]");
        worker.start();
        worker.join();
        throw new Error();
    }
}
