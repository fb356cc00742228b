"""The ledger and the spool, by the ledger's URL: for this machine alone, or shared by several."""

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
    """What must survive a crash: every order, its webhook, every drawn image that is not stored yet,
    which tokens were made here, and which are accepted no more.
    """

    ledger: GenerationLedger
    webhooks: WebhookLedger
    spool: ImageSpool
    on_disk: DiskImageSpool
    issued: IssuedTokens
    revoked: RevokedTokens
    remarks: tuple[str, ...] = ()


def open_records(settings: Settings) -> AbstractAsyncContextManager[Records]:
    """Open both; this process is a worker at the ledger for as long as the block lasts.

    Raises:
        BadSettings: they cannot be opened as they are set.
        LedgerUnavailable: the ledger cannot be reached, or not be written.
    """
    spool = disk_spool(settings)
    if file := sqlite_file(settings):
        if not file.parent.is_dir():
            raise BadSettings(f"DARKROOM_LEDGER_URL must name a file in a folder that is there, unlike {file.parent}")
        _require_kept_ledger(file, data_folder(settings))
    if settings.trial:
        return _open_for_a_trial(settings, file, spool)
    if file:
        return _open_sqlite(file, spool, workers_of(file))
    return _open_postgres(settings, spool, data_folder(settings) / "workers")


def disk_spool(settings: Settings) -> DiskImageSpool:
    """The spool on this machine's disk.

    Raises:
        BadSettings: the data folder cannot be used.
    """
    data, limits = data_folder(settings), settings.limits
    return DiskImageSpool(
        data / "spool", aside=data / "evidence", room=limits.spool_bytes, aside_room=limits.evidence_bytes
    )


def open_kept_records(settings: Settings) -> AbstractAsyncContextManager[Records]:
    """The same for those who need what a service has written down: where the ledger would be a new file, none is made.

    Raises:
        BadSettings: there is no ledger, or they cannot be opened as they are set.
        LedgerUnavailable: the ledger cannot be reached, or not be written.
    """
    with suppress(PermissionError):  # which is reported when its folder is opened
        if (file := sqlite_file(settings)) and not file.exists():
            raise BadSettings(
                f"there is no ledger at {file}: DARKROOM_DATA_DIR and DARKROOM_LEDGER_URL must lead from here to the "
                "service's own"
            )
    return open_records(settings)


async def make_new_ledger(settings: Settings) -> Path:
    """Make a ledger in SQLite, also beside images and a spool that no ledger knows; return its file.

    Raises:
        BadSettings: there is a ledger, or it is not in SQLite.
        LedgerUnavailable: it cannot be made.
    """
    from darkroom.adapters.ledgers.sqlite import open_sqlite_ledger

    file = sqlite_file(settings)
    if file is None:
        raise BadSettings("DARKROOM_LEDGER_URL names a database: its tables are made by the first start")
    data_folder(settings)
    if _holds_ledger(file):
        raise BadSettings(f"there is a ledger at {file} already")
    async with open_sqlite_ledger(file, workers_of(file), now):
        return file


def _require_kept_ledger(file: Path, data: Path) -> None:
    """What is drawn is known to a ledger: without it every key would be free again, and paid again.

    What is there is looked for before the ledger that knows it: another process may be starting the first ledger now.
    """
    log = file.with_name(f"{file.name}-wal")
    with suppress(PermissionError):  # which is reported when the ledger is opened
        if _is_written(log) and not _is_written(file):  # SQLite would remove the log, and what it alone may hold
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
    """Whether there is more than the beginnings of a file; one that cannot be read may be a ledger."""
    from darkroom.adapters.ledgers.sqlite.copies import version_of

    try:
        return _is_written(file) and version_of(file) > 0
    except LedgerUnavailable:
        return True


def _is_written(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def workers_of(file: Path) -> Path:
    """The folder in which the workers at a ledger in SQLite see each other live."""
    return file.with_name(f"{file.name}-workers")


def dead_after(settings: Settings) -> float:
    """Seconds without a sign of life after which each worker at the ledger that is dead is called so."""
    return settings.ledger.dead_after if sqlite_file(settings) is None else MISSED_FOR


def sqlite_file(settings: Settings) -> Path | None:
    """The file of a ledger in SQLite; None for one in Postgres."""
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
    """Nothing of it stays: what shows that this worker lives is removed with the block, as is a ledger made for it."""
    where = file.parent if file else data_folder(settings)
    try:
        folder = TemporaryDirectory(prefix="darkroom-check-", dir=where)
    except OSError as fault:
        raise LedgerUnavailable(f"nothing can be written in {where}: {fault}") from fault
    with folder:
        for_once = Path(folder.name)
        kept = data_folder(settings) / "workers"  # in which those that hold this machine's spool see each other
        if file is None:
            opening = _open_postgres(settings, spool, kept if kept.is_dir() else for_once / kept.name)
        else:
            opening = _open_sqlite(file if _is_written(file) else for_once / file.name, spool, for_once / kept.name)
        async with opening as records:
            yield records


def postgres_of(settings: Settings) -> "tuple[PostgresAddress, Times]":
    """Where the database is, and how long is waited for it.

    Raises:
        BadSettings: the settings cannot be used, or what they need is not installed.
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

    # What waits on this machine's disk is out of the reach of others.
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
