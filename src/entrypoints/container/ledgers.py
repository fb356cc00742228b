"""The ledger and the spool, by the ledger's URL: for this machine alone, or shared by several."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from darkroom.adapters.durable_folder import DurableFolder
from darkroom.adapters.spools.disk import DiskImageSpool
from darkroom.domain.model.errors import LedgerUnavailable
from darkroom.domain.ports import GenerationLedger, ImageSpool, IssuedTokens, RevokedTokens, WebhookLedger
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.data_folder import data_folder, made_once
from darkroom.entrypoints.container.opening import read_from
from darkroom.entrypoints.settings import BadSettings, Settings


@dataclass(frozen=True, slots=True)
class Records:
    """What must survive a crash: every order, whom to tell of its end, every drawn image that is not stored yet,
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
    data, limits = data_folder(settings), settings.limits
    spool = DiskImageSpool(
        data / "spool", aside=data / "evidence", room=limits.spool_bytes, aside_room=limits.evidence_bytes
    )
    if file := _sqlite_file(settings):
        if not file.parent.is_dir():
            raise BadSettings(f"DARKROOM_LEDGER_URL must name a file in a folder that is there, unlike {file.parent}")
        _require_ledger_beside_images(file, data)
        return _open_sqlite(file, spool)
    return _open_postgres(settings, spool)


def open_kept_records(settings: Settings) -> AbstractAsyncContextManager[Records]:
    """The same for those who need what a service has written down: where the ledger would be a new file, none is made.

    Raises:
        BadSettings: there is no ledger, or they cannot be opened as they are set.
        LedgerUnavailable: the ledger cannot be reached, or not be written.
    """
    with suppress(PermissionError):  # which is told of its folder when it is opened
        if (file := _sqlite_file(settings)) and not file.exists():
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

    file = _sqlite_file(settings)
    if file is None:
        raise BadSettings("DARKROOM_LEDGER_URL names a database: its tables are made by the first start")
    data_folder(settings)
    if _is_written(file):
        raise BadSettings(f"there is a ledger at {file} already")
    async with open_sqlite_ledger(file, file.with_name(f"{file.name}-workers"), now):
        return file


def _require_ledger_beside_images(file: Path, data: Path) -> None:
    """What is drawn is known to a ledger: without it every key would be free again, and paid again."""
    if file != (data / "ledger.sqlite").absolute() or _is_written(file):
        return
    for folder in ("images", "spool"):
        if any(DurableFolder(data / folder).names()):
            raise BadSettings(
                f"there is no ledger at {file}, or an empty one, beside {data / folder}: put its backup there, or say "
                "with `darkroom ledger new` that a new one is meant"
            )


def _is_written(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _sqlite_file(settings: Settings) -> Path | None:
    """The file of a ledger in SQLite."""
    scheme, _, rest = settings.ledger.url.value.partition(":")
    if scheme != "sqlite":
        return None
    return (Path(rest).expanduser() if rest else settings.service.data_dir / "ledger.sqlite").absolute()


@asynccontextmanager
async def _open_sqlite(file: Path, spool: DiskImageSpool) -> AsyncIterator[Records]:
    from darkroom.adapters.ledgers.sqlite import open_sqlite_ledger

    async with open_sqlite_ledger(file, file.with_name(f"{file.name}-workers"), now) as ledger:
        yield Records(ledger, ledger.webhooks, spool, spool, ledger.issued_tokens, ledger.revoked_tokens)


@asynccontextmanager
async def _open_postgres(settings: Settings, spool: DiskImageSpool) -> AsyncIterator[Records]:
    try:
        from darkroom.adapters.ledgers.postgres import (
            PostgresIssuedTokens,
            PostgresRevokedTokens,
            open_postgres_ledger,
        )
        from darkroom.adapters.postgres.address import PostgresAddress
        from darkroom.adapters.postgres.database import open_postgres_database
        from darkroom.adapters.postgres.times import Times
        from darkroom.adapters.spools.postgres import PostgresImageSpool
    except ModuleNotFoundError as missing:
        raise BadSettings(
            f"DARKROOM_LEDGER_URL needs {missing.name}: .venv/bin/python -m pip install --editable '.[postgres]'"
        ) from missing

    # What waits on this machine's disk is out of the reach of others.
    machine = made_once(settings, "spool-id", lambda: str(uuid4())).decode()
    workers = data_folder(settings) / "workers"
    url, password = settings.ledger.url.value, settings.ledger.password
    async with AsyncExitStack() as opened:
        with read_from("DARKROOM_LEDGER_URL"):
            address = PostgresAddress.parse(url, password.value if password else None)
        with read_from("DARKROOM_WORKER_DEAD_AFTER"):
            times = Times(dead_after=settings.ledger.dead_after).checked(len(address.servers))
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
