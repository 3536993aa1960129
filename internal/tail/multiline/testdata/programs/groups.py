"""Traces of Python with groups in chains, in tasks and in threads, and with notes."""
import asyncio
import gc
import logging
import threading

logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def handling():
    try:
        raise KeyError("k")
    except KeyError:
        raise ExceptionGroup("g", [ValueError("a"), OSError(2, "no")])


async def boom():
    raise ValueError("in a task")


async def tasks():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(boom())
            group.create_task(boom())
    except* ValueError:
        logging.exception("a group of tasks")
    asyncio.create_task(boom())
    await asyncio.sleep(0)


noted = ValueError("noted")
noted.add_note("  a note that is indented")
try:
    raise noted
except ValueError:
    logging.exception("with a note")
worker = threading.Thread(target=lambda: 1 / 0, name="worker")
worker.start()
worker.join()
asyncio.run(tasks())
gc.collect()
try:
    handling()
except ExceptionGroup:
    logging.exception("a chain")
handling()
