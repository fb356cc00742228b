"""The SQLite ledger keeps the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.ledgers.sqlite import SQLiteGenerationLedger, open_sqlite_ledger
from conformance.generations import NOON
from conformance.ledger_contract import LedgerContract
from domain.ports import GenerationLedger


class SQLiteWorkplace:
    """Workers in this one process; a lock that ended in order ends no other way for those who look at it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._now = folder, NOON
        self._living: dict[GenerationLedger, AsyncExitStack] = {}

    async def hire(self) -> SQLiteGenerationLedger:
        stack = AsyncExitStack()
        worker = await stack.enter_async_context(
            open_sqlite_ledger(self._folder / "ledger.db", self._folder / "workers", lambda: self._now)
        )
        self._living[worker] = stack
        return worker

    async def kill(self, worker: GenerationLedger) -> None:
        await self._living.pop(worker).aclose()

    async def wait_a_minute(self) -> None:
        self._now += timedelta(minutes=1)

    async def close(self) -> None:
        for worker in list(self._living):
            await self.kill(worker)


class TestSQLiteGenerationLedger(LedgerContract):
    @pytest.fixture
    async def workplace(self, tmp_path: Path) -> AsyncIterator[SQLiteWorkplace]:
        workplace = SQLiteWorkplace(tmp_path)
        yield workplace
        await workplace.close()
