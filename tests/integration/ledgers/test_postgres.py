"""The Postgres ledger keeps the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import pytest

from adapters.ledgers.postgres import PostgresGenerationLedger, open_postgres_ledger
from adapters.postgres.database import open_postgres_database
from conformance.ledger_contract import LedgerContract
from domain.identifiers import uuid7
from domain.ports import GenerationLedger


class PostgresWorkplace:
    """Workers in this one process, each with connections of its own; a lease that ends in order ends like any."""

    def __init__(self, url: str) -> None:
        self._url, self._spool = url, uuid7()
        self._living: dict[GenerationLedger, AsyncExitStack] = {}

    async def hire(self, spool: str | None = None) -> PostgresGenerationLedger:
        stack = AsyncExitStack()
        database = await stack.enter_async_context(open_postgres_database(self._url))
        worker = await stack.enter_async_context(open_postgres_ledger(database, spool or self._spool))
        self._living[worker] = stack
        return worker

    async def kill(self, worker: GenerationLedger) -> None:
        await self._living.pop(worker).aclose()

    async def wait_a_minute(self) -> None:
        connection = await asyncpg.connect(self._url)
        await connection.execute("UPDATE reservations SET at = at - interval '1 minute'")
        await connection.close()

    async def close(self) -> None:
        for worker in list(self._living):
            await self.kill(worker)


class TestPostgresGenerationLedger(LedgerContract):
    @pytest.fixture
    async def workplace(self, database_url: str) -> AsyncIterator[PostgresWorkplace]:
        workplace = PostgresWorkplace(database_url)
        yield workplace
        await workplace.close()
