"""Opens the ledger and the spool by the ledger's URL: for this machine alone, or shared by several."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from darkroom.adapters.durable_folder import DurableFolder
from darkroom.adapters.ledgers.worker_lock import MISSED_FOR
from darkroom.adapters.spools.disk import DiskImageSpool
from darkroom.domain.model.errors import LedgerUnavailable
from darkroom.domain.ports import GenerationLedger, ImageSpool, IssuedTokens, RevokedTokens, WebhookLedger
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.data_folder import SPOOL_ID, data_folder, made_once
from darkroom.entrypoints.container.opening import read_from
from darkroom.entrypoints.settings import BadSettings, Settings

if TYPE_CHECKING:  # Postgres is imported only when the settings name it
    from darkroom.adapters.postgres.address import PostgresAddress
    from darkroom.adapters.postgres.times import Times

_LEDGER: Final = "ledger.sqlite"


@dataclass(frozen=True, slots=True)
class Records:
    """What must survive a crash: orders, webhooks, drawn images that are not stored yet, and issued and revoked tokens.

    `on_disk` is this machine's part of `spool`. `remarks` are remarks about the ledger for the operator.
    """

    ledger: GenerationLedger
    webhooks: WebhookLedger
    spool: ImageSpool
    on_disk: DiskImageSpool
    issued: IssuedTokens
    revoked: RevokedTokens
    remarks: tuple[str, ...] = ()


def open_records(settings: Settings) -> AbstractAsyncContextManager[Records]:
    """Open the ledger and the spool; within the block, this process is a worker of the ledger.

    Raises:
        BadSettings: they cannot be opened with these settings.
        LedgerUnavailable: the ledger cannot be reached or written.
    """
    spool = disk_spool(settings)
    if file := sqlite_file(settings):
        if not file.parent.is_dir():
            raise BadSettings(f"DARKROOM_LEDGER_URL must name a file in a folder that is there, not {file.parent}")
        _require_kept_ledger(file, data_folder(settings))
    if settings.trial:
        return _open_for_a_trial(settings, file, spool)
    if file:
        return _open_sqlite(file, spool, workers_of(file))
    return _open_postgres(settings, spool, data_folder(settings) / "workers")


def disk_spool(settings: Settings) -> DiskImageSpool:
    """Return the spool on this machine's disk.

    Raises:
        BadSettings: the data folder cannot be used.
    """
    data, limits = data_folder(settings), settings.limits
    return DiskImageSpool(
        data / "spool", aside=data / "evidence", room=limits.spool_bytes, aside_room=limits.evidence_bytes
    )


def open_kept_records(settings: Settings) -> AbstractAsyncContextManager[Records]:
    """Open the ledger and the spool as `open_records` does, but never make a new ledger in SQLite.

    Raises:
        BadSettings: there is no ledger, or they cannot be opened with these settings.
        LedgerUnavailable: the ledger cannot be reached or written.
    """
    with suppress(PermissionError):  # reported when the folder is opened
        if (file := sqlite_file(settings)) and not file.exists():
            raise BadSettings(
                f"there is no ledger at {file}: DARKROOM_DATA_DIR and DARKROOM_LEDGER_URL must lead from here to the "
                "service's own"
            )
    return open_records(settings)


async def make_new_ledger(settings: Settings) -> Path:
    """Make a new ledger in SQLite and return its file, even if there are images and a spool of another ledger.

    Raises:
        BadSettings: there is a ledger already, or the settings name a database.
        LedgerUnavailable: it cannot be made.
    """
    from darkroom.adapters.ledgers.sqlite import open_sqlite_ledger

    file = sqlite_file(settings)
    if file is None:
        raise BadSettings("DARKROOM_LEDGER_URL names a database: its tables are made by the first start")
    data_folder(settings)
    if _holds_ledger(file):
        raise BadSettings(f"there already is a ledger at {file}")
    async with open_sqlite_ledger(file, workers_of(file), now):
        return file


def _require_kept_ledger(file: Path, data: Path) -> None:
    """Refuse to start with images but without their ledger: every key would be free, and its order paid for again.

    It looks for images first and for the ledger second, since another process may be making the first ledger now.

    Raises:
        BadSettings: the ledger is missing or empty, and there are images, a spool or a write-ahead log.
    """
    log = file.with_name(f"{file.name}-wal")
    with suppress(PermissionError):  # reported when the ledger is opened
        if _is_written(log) and not _is_written(file):  # SQLite would remove the log, and the only copy of its data
            raise BadSettings(
                f"there is no ledger at {file}, or an empty one, beside its write-ahead log {log}: put back the ledger "
                "that the log belongs to, or move the log away"
            )
    if file.name != _LEDGER or not file.parent.samefile(data):
        return
    for folder in ("images", "spool"):
        try:
            drawn_before = any(DurableFolder(data / folder).names())
        except OSError as fault:
            raise BadSettings(f"DARKROOM_DATA_DIR must be a folder that can be written to: {fault}") from fault
        if drawn_before and not _holds_ledger(file):
            raise BadSettings(
                f"there is no ledger at {file}, or an empty one, beside {data / folder}: put its backup there, or say "
                "with `darkroom ledger new` that a new one is meant"
            )


def _holds_ledger(file: Path) -> bool:
    """Return whether the file has a schema; True for one that cannot be read, since it may be a ledger."""
    from darkroom.adapters.ledgers.sqlite.copies import version_of

    try:
        return _is_written(file) and version_of(file) > 0
    except LedgerUnavailable:
        return True


def _is_written(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def workers_of(file: Path) -> Path:
    """Return the folder of the lock files by which the workers of a ledger in SQLite see that others are alive."""
    return file.with_name(f"{file.name}-workers")


def dead_after(settings: Settings) -> float:
    """Return the seconds without a sign of life after which a worker counts as dead."""
    return settings.ledger.dead_after if sqlite_file(settings) is None else MISSED_FOR


def sqlite_file(settings: Settings) -> Path | None:
    """Return the file of a ledger in SQLite; None for a ledger in Postgres."""
    scheme, _, rest = settings.ledger.url.value.partition(":")
    if scheme != "sqlite":
        return None
    return (Path(rest).expanduser() if rest else settings.service.data_dir / _LEDGER).absolute()


@asynccontextmanager
async def _open_sqlite(file: Path, spool: DiskImageSpool, workers: Path) -> AsyncIterator[Records]:
    from darkroom.adapters.ledgers.sqlite import open_sqlite_ledger

    async with open_sqlite_ledger(file, workers, now) as ledger:
        yield Records(ledger, ledger.webhooks, spool, spool, ledger.issued_tokens, ledger.revoked_tokens)


@asynccontextmanager
async def _open_for_a_trial(settings: Settings, file: Path | None, spool: DiskImageSpool) -> AsyncIterator[Records]:
    """Open the records without leaving traces: the worker's lock file and a ledger made for the trial are removed."""
    where = file.parent if file else data_folder(settings)
    try:
        folder = TemporaryDirectory(prefix="darkroom-check-", dir=where)
    except OSError as fault:
        raise LedgerUnavailable(f"nothing can be written in {where}: {fault}") from fault
    with folder:
        for_once = Path(folder.name)
        kept = data_folder(settings) / "workers"  # the lock files of the workers that use this machine's spool
        if file is None:
            opening = _open_postgres(settings, spool, kept if kept.is_dir() else for_once / kept.name)
        else:
            opening = _open_sqlite(file if _is_written(file) else for_once / file.name, spool, for_once / kept.name)
        async with opening as records:
            yield records


def postgres_of(settings: Settings) -> "tuple[PostgresAddress, Times]":
    """Return the address of the database, and the times to wait for it.

    Raises:
        BadSettings: the settings cannot be used, or a package is not installed.
    """
    with _postgres_imported():
        from darkroom.adapters.postgres.address import PostgresAddress
        from darkroom.adapters.postgres.times import Times
    url, password = settings.ledger.url.value, settings.ledger.password
    with read_from("DARKROOM_LEDGER_URL"):
        address = PostgresAddress.parse(url, password.value if password else None)
    with read_from("DARKROOM_WORKER_DEAD_AFTER"):
        return address, Times(dead_after=settings.ledger.dead_after).checked(len(address.servers))


@contextmanager
def _postgres_imported() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as missing:
        raise BadSettings(
            f"DARKROOM_LEDGER_URL needs {missing.name}: .venv/bin/python -m pip install --editable '.[postgres]'"
        ) from missing


@asynccontextmanager
async def _open_postgres(settings: Settings, spool: DiskImageSpool, workers: Path) -> AsyncIterator[Records]:
    with _postgres_imported():
        from darkroom.adapters.ledgers.postgres import (
            PostgresIssuedTokens,
            PostgresRevokedTokens,
            open_postgres_ledger,
        )
        from darkroom.adapters.postgres.database import open_postgres_database
        from darkroom.adapters.spools.postgres import PostgresImageSpool

    # The ledger records which machine's disk holds an image: other machines cannot read it.
    machine = made_once(settings, SPOOL_ID, lambda: str(uuid4())).decode()
    address, times = postgres_of(settings)
    async with AsyncExitStack() as opened:
        try:
            with read_from(f"DARKROOM_LEDGER_URL, {address.names},"):
                database = await opened.enter_async_context(open_postgres_database(address, times=times))
            with read_from("DARKROOM_DATA_DIR"):
                ledger = await opened.enter_async_context(open_postgres_ledger(database, machine, workers))
        except LedgerUnavailable as fault:
            raise LedgerUnavailable(f"DARKROOM_LEDGER_URL, {address.names}: {fault}") from fault
        yield Records(
            ledger,
            ledger.webhooks,
            PostgresImageSpool(spool, database),
            spool,
            PostgresIssuedTokens(database),
            PostgresRevokedTokens(database),
            database.remarks,
        )
    if settings.trial:
        (workers / ledger.worker).unlink(missing_ok=True)
