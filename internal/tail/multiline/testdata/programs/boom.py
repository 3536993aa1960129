"""Traces of Python, caught by a logger and not caught."""
import logging
import sys

logging.basicConfig(stream=sys.stdout, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
log = logging.getLogger("shop")


class OutOfStock(Exception):
    pass


def deep(n):
    return deep(n + 1)


def pay(order):
    return {"total": 1 / order["items"]}


def logged():
    log.error("before")
    try:
        pay({"items": 0})
    except ZeroDivisionError:
        log.exception("cannot take order %d", 4711)
    try:
        try:
            pay({})
        except KeyError as e:
            raise OutOfStock("none left\n  of two kinds") from e
    except OutOfStock:
        log.exception("chained")
    try:
        try:
            pay({})
        except KeyError:
            raise OutOfStock()
    except OutOfStock:
        log.exception("while handling")
    try:
        raise ExceptionGroup("both", [ValueError("one"), ExceptionGroup("inner", [TypeError("two")])])
    except ExceptionGroup:
        log.exception("a group")
    try:
        deep(0)
    except RecursionError:
        log.exception("deep")
    log.error("after")


logged()
sys.stdout.flush()
print("not a logger's line")
sys.stdout.flush()
exec(compile("x = (1\n", "generated.py", "exec")) if "syntax" in sys.argv else pay({"items": None})
