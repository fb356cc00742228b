"""The ledger and the spool, by the ledger's URL: on this machine alone, or shared by several."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from domain.ports import GenerationLedger, ImageSpool
from entrypoints.container.clock import now
from entrypoints.container.data_folder import data_folder
from entrypoints.settings import Settings


@asynccontextmanager
async def open_ledger(settings: Settings) -> AsyncIterator[GenerationLedger]:
    """The ledger that the settings name; this process is a worker at it for as long as the block lasts.

    Raises:
        LedgerUnavailable: it cannot be opened, and why.
    """
    from adapters.ledgers.sqlite import open_sqlite_ledger

    path = _sqlite_file(settings)
    async with open_sqlite_ledger(path, path.with_name(f"{path.name}-workers"), now) as ledger:
        yield ledger


@asynccontextmanager
async def open_spool(settings: Settings) -> AsyncIterator[ImageSpool]:
    """Where drawn images wait."""
    from adapters.spools.disk import DiskImageSpool

    data = data_folder(settings)
    yield DiskImageSpool(data / "spool", aside=data / "evidence", room=settings.limits.spool_bytes)


def _sqlite_file(settings: Settings) -> Path:
    path = settings.ledger.url.value.removeprefix("sqlite:")
    return Path(path).expanduser() if path else data_folder(settings) / "ledger.sqlite"
