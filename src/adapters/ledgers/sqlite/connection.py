"""Connections to the SQLite file, and what their errors mean."""

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

# Seconds to wait for a lock of SQLite itself. Darkroom's own processes wait for their turn elsewhere; this is for
# strangers such as the operator's shell.
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
_PRIMARY_CODE: Final = 0xFF  # the rest of a result code says more precisely what happened


def create(path: Path) -> None:
    """Make an empty file where there is none, readable by its owner only; SQLite gives its companions the same mode.

    MUST be called by one at a time, and before this process connects: closing a file takes from the whole
    process the locks that SQLite holds on it (https://sqlite.org/howtocorrupt.html, 2.2), so one that is there is
    not even opened.
    """
    with suppress(FileExistsError):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        hand_over(file, path.parent)
        os.close(file)


def connect(path: Path) -> sqlite3.Connection:
    """A connection in WAL mode whose commits are on the disk when they return, for one thread at a time."""
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
    """Locked for too long, disk full, I/O error and the like become `LedgerUnavailable`; faults of ours stay."""
    try:
        yield
    except sqlite3.Error as error:
        # Errors of Python's own module, such as the use of a closed connection, have no code.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)
        if code & _PRIMARY_CODE in _FAULTS_OF_OURS:
            raise
        log.warning("SQLite: %s", error)
        raise LedgerUnavailable("the ledger cannot be written or read just now") from error
