"""The signals that stop a process."""

import asyncio
import logging
import os
from collections.abc import Callable
from signal import SIGINT, SIGTERM, Signals

log = logging.getLogger(__name__)


def stop_on_signals(stop: asyncio.Event, *, at_once: Callable[[], None] = lambda: None) -> None:
    """Set `stop` on SIGTERM or SIGINT; on a second signal, call `at_once` and end the process immediately.

    After that, unfinished work is recovered at the next start, as after a crash.
    """

    def hear(signal: Signals) -> None:
        if stop.is_set():
            log.warning("stopped at once by a second %s", signal.name)
            at_once()
            os._exit(128 + signal)
        stop.set()

    for signal in (SIGINT, SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal, hear, signal)
