// Traces of Java: logged by java.util.logging, printed, and not caught.
import java.util.logging.*;

public class Boom {
    static class OutOfStock extends RuntimeException {
        OutOfStock(String m, Throwable c) { super(m, c); }
    }

    static int pay(int items) { return 100 / items; }

    static void order() {
        try { pay(0); } catch (ArithmeticException e) {
            OutOfStock o = new OutOfStock("none left", e);
            o.addSuppressed(new IllegalStateException());
            throw o;
        }
    }

    static int deep(int n) { return deep(n + 1) + 1; }

    public static void main(String[] args) {
        Logger log = Logger.getLogger("shop");
        System.setProperty("java.util.logging.SimpleFormatter.format", "%1$tF %1$tT %4$s %3$s - %5$s%6$s%n");
        log.info("started");
        try { order(); } catch (OutOfStock e) { log.log(Level.SEVERE, "cannot take order", e); }
        log.info("between");
        try { order(); } catch (OutOfStock e) { e.printStackTrace(); }
        try { deep(0); } catch (StackOverflowError e) { e.setStackTrace(java.util.Arrays.copyOf(e.getStackTrace(), 3)); e.printStackTrace(); }
        log.warning("last");
        order();
    }
}
