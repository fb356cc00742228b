"""Connections to the SQLite file, and the translation of their errors."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from darkroom.adapters.ownership import hand_over
from darkroom.domain.model.errors import LedgerUnavailable

log = logging.getLogger(__name__)

# Seconds to wait for SQLite's own lock. Darkroom's processes wait in `Turn`; this is for other programs, such as the
# operator's shell.
PATIENCE: Final = 5.0

_FAULTS_OF_OURS: Final = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_MISUSE,
        sqlite3.SQLITE_RANGE,
        sqlite3.SQLITE_TOOBIG,
    }
)
_PRIMARY_CODE: Final = 0xFF  # the other bits of a result code are details


def create(path: Path) -> None:
    """Create an empty file that only its owner can read, if there is none; SQLite gives its WAL files the same mode.

    MUST be called by one process at a time, and before this process connects: closing a file releases all locks that
    SQLite holds on it in this process (https://sqlite.org/howtocorrupt.html, 2.2). An existing file is not even opened.
    """
    with suppress(FileExistsError):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        hand_over(file, path.parent)
        os.close(file)


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection in WAL mode with durable commits, for use by one thread at a time."""
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def faults_translated() -> Iterator[None]:
    """Raise `LedgerUnavailable` for locks held too long, a full disk, I/O errors and the like, not for our bugs."""
    try:
        yield
    except sqlite3.Error as error:
        # Errors of the `sqlite3` module itself, such as the use of a closed connection, have no code.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)
        if code & _PRIMARY_CODE in _FAULTS_OF_OURS:
            raise
        log.warning("SQLite: %s", error)
        raise LedgerUnavailable("the ledger cannot be written or read now") from error
