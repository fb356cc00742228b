"""Ledgers that are measured without a service around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from darkroom.adapters.ledgers.postgres import open_postgres_ledger
from darkroom.adapters.ledgers.sqlite import open_sqlite_ledger
from darkroom.adapters.postgres.address import PostgresAddress
from darkroom.adapters.postgres.database import open_postgres_database
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.ports import GenerationLedger


@asynccontextmanager
async def sqlite_ledger(file: Path) -> AsyncIterator[GenerationLedger]:
    """Yield the ledger in a file, which is made if it is missing."""
    async with open_sqlite_ledger(file, file.with_name(f"{file.name}-workers"), lambda: datetime.now(UTC)) as ledger:
        yield ledger


@asynccontextmanager
async def postgres_ledger(url: str) -> AsyncIterator[GenerationLedger]:
    """Yield the ledger in a database."""
    with TemporaryDirectory() as folder:
        async with (
            open_postgres_database(PostgresAddress.parse(url)) as database,
            open_postgres_ledger(database, uuid7(), Path(folder)) as ledger,
        ):
            yield ledger
