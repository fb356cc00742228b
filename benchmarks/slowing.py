"""Slows processes down by stopping them for a part of the time, to imitate a slower machine."""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

_PERIOD: Final = 0.02
"""Seconds: much longer than a stop takes, much shorter than an order."""


@contextmanager
def slowed(pids: Sequence[int], share: float) -> Iterator[None]:
    """Within the block, let each process run only for a `share` (0 to 1) of the time."""
    over = threading.Event()

    def take_turns(pid: int) -> None:
        with suppress(ProcessLookupError):
            while not over.wait(_PERIOD * share):
                os.kill(pid, signal.SIGSTOP)
                over.wait(_PERIOD * (1 - share))
                os.kill(pid, signal.SIGCONT)

    turns = [threading.Thread(target=take_turns, args=(pid,)) for pid in pids]
    for turn in turns:
        turn.start()
    try:
        yield
    finally:
        over.set()
        for turn in turns:
            turn.join()
