"""Copies of the SQLite file: for backups, restores and trial upgrades."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from darkroom.adapters.durable_folder import sync_folder
from darkroom.adapters.ledgers.sqlite import writes
from darkroom.adapters.ledgers.sqlite.connection import connect, faults_translated
from darkroom.adapters.ledgers.sqlite.reads import generation_in
from darkroom.adapters.ledgers.sqlite.schema import MIGRATIONS, migrate, require_ledger
from darkroom.adapters.ledgers.sqlite.turn import Turn
from darkroom.adapters.ledgers.worker_lock import any_lives
from darkroom.domain.model.errors import LedgerUnavailable
from darkroom.domain.use_cases.restored import revisions_after_restore

NEWEST: Final = len(MIGRATIONS)
"""The version of the schema that this release writes."""

_COMPANIONS: Final = ("-wal", "-shm")


def copy(path: Path, target: Path) -> None:
    """Copy a consistent state of the ledger to a new file, by SQLite's online backup, and check the copy.

    The service may keep running. The copy keeps its schema version.

    Raises:
        LedgerUnavailable: it cannot be read or written, is damaged or not a ledger, or a later release has written it.
        FileExistsError: there is a file at `target`.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with faults_translated():
        # Read-only, so that it never checkpoints: see `Turn`.
        source = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=5)
        with closing(source), closing(sqlite3.connect(target)) as copied:
            source.backup(copied)
        with closing(sqlite3.connect(target)) as copied:  # opened again, to check the file and not the cache
            _require_whole(copied)


def version_of(path: Path) -> int:
    """Return the version of the ledger's schema.

    Raises:
        LedgerUnavailable: the file cannot be read.
    """
    with faults_translated(), closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as file:
        version: int = file.execute("PRAGMA user_version").fetchone()[0]
        return version


def count(path: Path) -> int:
    """Return how many generations a copy holds.

    Raises:
        LedgerUnavailable: the file cannot be read.
    """
    with faults_translated(), closing(sqlite3.connect(path)) as file:
        generations: int = file.execute("SELECT count(*) FROM generations").fetchone()[0]
        return generations


def upgrade(path: Path) -> None:
    """Migrate a copy that no process uses to the newest schema, and check it before and after.

    Raises:
        LedgerUnavailable: a later release has written it, or it is damaged.
    """
    with faults_translated(), closing(connect(path)) as file:
        _require_whole(file)
        migrate(file)
        _require_whole(file)


def end_what_may_have_left(path: Path, at: datetime) -> int:
    """End every order that had not been submitted when the backup was made; return how many.

    Raises:
        LedgerUnavailable: the copy cannot be read or written.
    """
    with faults_translated(), closing(connect(path)) as file:
        file.execute("BEGIN IMMEDIATE")
        rows = file.execute("SELECT * FROM generations WHERE finished_at IS NULL").fetchall()
        ended = 0
        for row in rows:
            revisions = revisions_after_restore(generation_in(row), at)
            for revision in revisions:
                writes.record(file, revision, row["worker"])
            ended += bool(revisions)
        file.execute("COMMIT")
    return ended


@contextmanager
def no_worker_lives(path: Path, workers: Path) -> Iterator[None]:
    """Keep every process from opening the ledger within the block.

    Raises:
        LedgerUnavailable: a process uses it.
    """
    with closing(Turn(path.with_name(f"{path.name}-turn"))) as turn, turn:
        if any_lives(workers):
            raise LedgerUnavailable(f"a Darkroom process is using {path}: stop the service first")
        yield


def put_in_place(copied: Path, path: Path, move_aside: Callable[[Path], None]) -> None:
    """Replace the ledger with a copy, durably; MUST be called while no worker lives.

    The old files are moved aside first, the main file before its WAL files: if this process is killed in between, the
    ledger is missing, and the service does not start. Their removal is synced to the disk before the copy gets the
    name, so that the write-ahead log of another ledger is never applied to it.
    """
    _sync(copied)
    for name in ("", *_COMPANIONS):
        with suppress(FileNotFoundError):
            move_aside(path.with_name(f"{path.name}{name}"))
    sync_folder(path.parent)
    copied.rename(path)
    sync_folder(path.parent)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _require_whole(file: sqlite3.Connection) -> None:
    (found,) = file.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise LedgerUnavailable(f"the ledger is damaged: {found}")
    require_ledger(file)
