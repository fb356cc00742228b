"""The lock under which one process at a time writes to the SQLite file."""

import fcntl
import os
import random
import time
from pathlib import Path
from typing import Final

from darkroom.adapters.ownership import hand_over
from darkroom.domain.model.errors import LedgerUnavailable

PATIENCE: Final = 5.0  # seconds
_GLANCE: Final = 0.001  # seconds between two tries; SQLite's own busy handler waits up to 0.1, which starves waiters


class Turn:
    """A context manager that one process at a time can enter, by a lock on a file beside the database.

    SQLite has a lock for this too, but up to 3.51.2 it may corrupt the file if two connections commit and checkpoint at
    the same instant (https://sqlite.org/wal.html#walresetbug). The kernel releases the lock of a process that dies.

    Raises:
        LedgerUnavailable: another process has held the lock for `PATIENCE`.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        hand_over(self._file, path.parent)

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> None:
        end = time.monotonic() + PATIENCE
        while not self._taken():
            if time.monotonic() > end:
                raise LedgerUnavailable("another process blocks writing to the ledger")
            time.sleep(random.uniform(_GLANCE / 2, _GLANCE))  # noqa: S311  # jitter is not a secret

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
