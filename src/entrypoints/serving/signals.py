"""The signals that a process obeys."""

import asyncio
import logging
import os
from collections.abc import Callable
from signal import SIGINT, SIGTERM, Signals

log = logging.getLogger(__name__)


def stop_on_signals(stop: asyncio.Event, *, at_once: Callable[[], None] = lambda: None) -> None:
    """Set `stop` on SIGTERM or SIGINT. A second one ends the process there and then; `at_once` is done before.

    What was begun is left where it stands, as after a crash, and is settled at the next start.
    """

    def hear(signal: Signals) -> None:
        if stop.is_set():
            log.warning("stopped at once by a second %s", signal.name)
            at_once()
            os._exit(128 + signal)
        stop.set()

    for signal in (SIGINT, SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal, hear, signal)
