<?php
// Traces of PHP: logged and not caught.
ini_set('display_errors', 'stderr');
function pay($items) { return intdiv(100, $items); }
function order() {
    try { pay(0); } catch (DivisionByZeroError $e) { throw new RuntimeException("none left", 1, $e); }
}
error_log("started");
try { order(); } catch (RuntimeException $e) { error_log("error: " . $e); }
error_log("next");
order();
