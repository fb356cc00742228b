"""Ledgers to test, with workers in this process, each with files or connections of its own.

A worker that is closed releases its lock as a dying one does, so `kill` only closes it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg

from conformance.generations import NOON
from darkroom.adapters.ledgers.postgres import PostgresGenerationLedger, open_postgres_ledger
from darkroom.adapters.ledgers.sqlite import SQLiteGenerationLedger, open_sqlite_ledger
from darkroom.adapters.postgres.address import PostgresAddress
from darkroom.adapters.postgres.database import open_postgres_database
from darkroom.adapters.postgres.times import Times
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.ports import GenerationLedger

TIMES = Times(answer=5, pulse=0.5, pulse_answer=1, takeover=0.5, dead_after=2)
"""Short, so that tests need not wait long, but long enough for a busy machine."""


class SQLiteWorkplace:
    """A folder with a ledger, like a data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._now = folder, NOON
        self._living: dict[GenerationLedger, AsyncExitStack] = {}

    @property
    def file(self) -> Path:
        return self.folder / "ledger.db"

    @property
    def workers(self) -> Path:
        return self.folder / "workers"

    async def hire(self) -> SQLiteGenerationLedger:
        stack = AsyncExitStack()
        opening = open_sqlite_ledger(self.file, self.workers, lambda: self._now)
        worker = await stack.enter_async_context(opening)
        self._living[worker] = stack
        return worker

    async def kill(self, worker: GenerationLedger) -> None:
        await self._living.pop(worker).aclose()

    async def wait_a_minute(self) -> None:
        self._now += timedelta(minutes=1)

    async def close(self) -> None:
        for worker in list(self._living):
            await self.kill(worker)


class PostgresWorkplace:
    """A database with a ledger; its workers share one machine, unless they are hired with another spool."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self._folder, self._spool = url, folder, uuid7()
        self._living: dict[GenerationLedger, AsyncExitStack] = {}

    async def hire(self, spool: str | None = None, url: str | None = None) -> PostgresGenerationLedger:
        stack = AsyncExitStack()
        address, spool = PostgresAddress.parse(url or self.url), spool or self._spool
        database = await stack.enter_async_context(open_postgres_database(address, times=TIMES))
        worker = await stack.enter_async_context(open_postgres_ledger(database, spool, self._folder / spool))
        self._living[worker] = stack
        return worker

    async def kill(self, worker: GenerationLedger) -> None:
        await self._living.pop(worker).aclose()

    async def wait_a_minute(self) -> None:
        async with self.connection() as connection:
            await connection.execute("UPDATE reservations SET at = at - interval '1 minute'")

    async def close(self) -> None:
        for worker in list(self._living):
            await self.kill(worker)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        connection = await asyncpg.connect(self.url)
        yield connection
        await connection.close()
