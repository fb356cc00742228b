"""Backups of the data that a service keeps on this machine, and restoring and upgrading ledgers."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Final
from uuid import uuid4

from darkroom.adapters.backup_archive import (
    FOLDERS,
    LEDGER,
    SECRETS,
    BackupUnusable,
    BackupWriter,
    Digesting,
    Manifest,
    unpack,
)
from darkroom.adapters.durable_folder import DurableFolder, make_folder, sync_folder
from darkroom.adapters.ledgers.sqlite import copies
from darkroom.adapters.ledgers.worker_lock import any_lives
from darkroom.adapters.ownership import hand_over
from darkroom.domain.model.errors import LedgerUnavailable
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.data_folder import MADE_ONCE, data_folder
from darkroom.entrypoints.container.ledgers import open_kept_records, postgres_of, sqlite_file, workers_of
from darkroom.entrypoints.container.opening import read_from
from darkroom.entrypoints.settings import BadSettings, Settings

if TYPE_CHECKING:  # Postgres is imported only when the settings name it
    from darkroom.adapters.postgres.database import PostgresDatabase

__all__ = [
    "Backup",
    "BackupUnusable",
    "Upgrade",
    "end_what_may_have_left",
    "give_name",
    "make_backup",
    "restore_backup",
    "upgrade_ledger",
]

_IMAGES: Final = "images"


@dataclass(frozen=True, slots=True)
class Backup:
    """The contents of a backup.

    Attributes:
        parts: The number of files of each part.
        generations: The number of generations in its ledger; None if the ledger is in Postgres.
        length: The length of a new backup in bytes.
        sha256: The SHA-256 of a new backup, in hexadecimal.
        ended: How many orders of a restored ledger were ended, since they may have been submitted after the backup.
        aside: The folders to which a restore moved the files that it replaced.
    """

    parts: Counter[str]
    generations: int | None
    length: int = 0
    sha256: str = ""
    ended: int = 0
    aside: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Upgrade:
    """An upgrade of a ledger's schema, from version `before` to `after`; `seconds` is what a trial took, if any."""

    where: str
    before: int
    after: int
    seconds: float | None = None


def make_backup(settings: Settings, stream: IO[bytes], *, beside: Path, images: bool) -> Backup:
    """Write a backup to a stream while the service runs, and return its contents.

    The ledger is copied first, then the spool, then the images: an image that the ledger knows is in one of the two,
    and one that is moved from the spool to the images meanwhile is still found. `beside` is a folder for the copy of
    the ledger. `images` says whether to include the images of the disk storage.

    Raises:
        BadSettings: there is no ledger where the settings say.
        LedgerUnavailable: the ledger cannot be read, or is damaged.
        OSError: a file cannot be read, or the stream cannot be written.
    """
    data, file, generations = data_folder(settings), sqlite_file(settings), None
    digesting = Digesting(stream)
    writer = BackupWriter(digesting)  # type: ignore[arg-type]  # it writes, and does nothing else
    if file:
        if not file.exists():
            raise BadSettings(f"there is no ledger at {file}: nothing to back up")
        with TemporaryDirectory(prefix=".darkroom-backup-", dir=beside) as folder:
            copy = Path(folder) / LEDGER
            copies.copy(file, copy)
            generations = copies.count(copy)
            writer.add(LEDGER, copy)
    for name in MADE_ONCE:
        with suppress(FileNotFoundError):
            writer.add(f"{SECRETS}/{name}", data / name)
    for folder_name in FOLDERS:
        if folder_name != _IMAGES or images:
            for name in DurableFolder(data / folder_name).names():
                with suppress(FileNotFoundError):  # it was stored or deleted meanwhile
                    writer.add(f"{folder_name}/{name}", data / folder_name / name)
    manifest = writer.end(release=metadata.version("darkroom"), made_at=now())
    return Backup(_parts(manifest), generations, digesting.length, digesting.hexdigest())


def give_name(draft: Path, file: Path) -> None:
    """Rename a complete backup from `draft` to `file`; durable on return.

    The draft must have been flushed to the disk.

    Raises:
        OSError: it cannot be renamed.
    """
    draft.rename(file)
    sync_folder(file.parent)


def restore_backup(settings: Settings, stream: IO[bytes]) -> Backup:
    """Verify all of a backup, put its files in place, and return its contents.

    Files that the backup does not contain stay. Files that it replaces with other bytes are moved to a new folder
    `replaced-…` beside them, as is the previous ledger. If the process is killed in between, restore again.

    Raises:
        BackupUnusable: the backup is damaged, or not a backup.
        BadSettings: the backup does not fit the settings.
        LedgerUnavailable: a process uses the ledger, or the backup's ledger is damaged or from a later release.
    """
    data, file = data_folder(settings), sqlite_file(settings)
    if file:
        make_folder(file.parent)
    with (
        TemporaryDirectory(prefix=".restoring-", dir=data) as staged_data,
        TemporaryDirectory(prefix=".restoring-", dir=file.parent if file else data) as staged_ledger,
    ):
        staged, copy = Path(staged_data), Path(staged_ledger) / LEDGER
        manifest = unpack(stream, lambda name: copy if name == LEDGER else staged / name)
        parts = _parts(manifest)
        if bool(file) != bool(parts[LEDGER]):
            there = "holds a ledger in SQLite" if parts[LEDGER] else "holds no ledger"
            raise BadSettings(f"DARKROOM_LEDGER_URL must be what it was when the backup was made, which {there}")
        generations, ended = None, 0
        if file:
            copies.upgrade(copy)
            ended = copies.end_what_may_have_left(copy, now())
            generations = copies.count(copy)
            hand_over(copy, file.parent)
        name = f"replaced-{now():%Y%m%dT%H%M%SZ}-{uuid4().hex[:6]}"
        aside, ledger_aside = _Aside(data / name), _Aside(copy.parent.parent / name)
        with _nobody_at_work(data, file):
            _place(staged, data, manifest, aside)
            if file:
                copies.put_in_place(copy, file, ledger_aside.take)
    replaced = dict.fromkeys(each.folder for each in (aside, ledger_aside) if each.used)
    return Backup(parts, generations, ended=ended, aside=tuple(replaced))


async def upgrade_ledger(settings: Settings, *, dry_run: bool) -> Upgrade:
    """Upgrade the ledger's schema; in a dry run, only report what would be done.

    A dry run upgrades a copy of a ledger in SQLite. On Postgres it tries nothing, as that would lock tables.

    Raises:
        BadSettings: there is no ledger where the settings say.
        LedgerUnavailable: the ledger cannot be reached, or a later release has written it.
    """
    file = sqlite_file(settings)
    if file is None:
        return await _upgrade_postgres(settings, dry_run=dry_run)
    if not file.exists():
        raise BadSettings(f"there is no ledger at {file}")
    before, seconds = copies.version_of(file), None
    if before > copies.NEWEST:
        raise LedgerUnavailable(f"the ledger is at version {before}; this release knows {copies.NEWEST}")
    if dry_run:
        with TemporaryDirectory(prefix=".darkroom-upgrade-", dir=file.parent) as folder:
            copy = Path(folder) / LEDGER
            copies.copy(file, copy)
            begun = time.monotonic()
            copies.upgrade(copy)
            seconds = time.monotonic() - begun
    else:
        async with open_kept_records(settings):
            pass
    return Upgrade(str(file), before, copies.NEWEST, seconds)


async def end_what_may_have_left(settings: Settings) -> int:
    """End the orders that were not yet submitted when a ledger in Postgres was dumped, and return how many.

    They may have been submitted after the dump.

    Raises:
        BadSettings: the ledger is in SQLite.
        LedgerUnavailable: a process uses the ledger, or it does not answer.
    """
    if sqlite_file(settings):
        raise BadSettings("DARKROOM_LEDGER_URL names a file, for which `darkroom restore` does this")
    from darkroom.adapters.ledgers.postgres import open_postgres_ledger
    from darkroom.adapters.ledgers.postgres.restored import end_what_may_have_left as end
    from darkroom.adapters.ledgers.postgres.restored import require_no_worker

    async with _database(settings) as database:
        await require_no_worker(database)
        workers = TemporaryDirectory(prefix="darkroom-restored-", dir=data_folder(settings))
        with workers as folder:
            async with open_postgres_ledger(database, str(uuid4()), Path(folder) / "workers") as ledger:
                return await end(database, ledger, now())


async def _upgrade_postgres(settings: Settings, *, dry_run: bool) -> Upgrade:
    from darkroom.adapters.postgres.connecting import Connecting
    from darkroom.adapters.postgres.faults import faults_as
    from darkroom.adapters.postgres.schema import MIGRATIONS, version_of

    address, times = postgres_of(settings)
    with faults_as(LedgerUnavailable, f"DARKROOM_LEDGER_URL, {address.names}: cannot be connected to"):
        session = await Connecting(address, times)()
        try:
            before = await version_of(session)
        finally:
            session.terminate()
    if not dry_run:
        async with _database(settings):
            pass
    return Upgrade(address.names, before, len(MIGRATIONS))


@asynccontextmanager
async def _database(settings: Settings) -> "AsyncIterator[PostgresDatabase]":
    address, times = postgres_of(settings)
    from darkroom.adapters.postgres.database import open_postgres_database

    with read_from(f"DARKROOM_LEDGER_URL, {address.names},"):
        async with open_postgres_database(address, times=times) as database:
            yield database


class _Aside:
    """A folder for files that are replaced, made with the first one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.used = folder, False

    def take(self, path: Path, name: str | None = None) -> None:
        """Move a file there, under a name that may contain folders; None keeps the file's own name.

        Raises:
            FileNotFoundError: there is no such file.
        """
        path.lstat()
        target = self.folder / (name or path.name)
        make_folder(target.parent)
        path.rename(target)
        sync_folder(target.parent)
        self.used = True


def _parts(manifest: Manifest) -> Counter[str]:
    return Counter(entry.part for entry in manifest.files)


def _place(staged: Path, data: Path, manifest: Manifest, aside: _Aside) -> None:
    folders = {data}
    for entry in manifest.files:
        if entry.part == LEDGER:
            continue
        name = entry.name.removeprefix(f"{SECRETS}/")
        target = data / name
        make_folder(target.parent)
        folders.add(target.parent)
        if target.exists() and target.read_bytes() != (staged / entry.name).read_bytes():
            aside.take(target, name)
        hand_over(staged / entry.name, target.parent)
        (staged / entry.name).replace(target)
    for folder in folders:
        sync_folder(folder)


@contextmanager
def _nobody_at_work(data: Path, file: Path | None) -> Iterator[None]:
    if file:
        with copies.no_worker_lives(file, workers_of(file)):
            yield
        return
    if any_lives(data / "workers"):
        raise LedgerUnavailable(f"a Darkroom process is using {data}: stop the service first")
    yield
