"""Every list of issued tokens keeps the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance.issued_tokens_contract import IssuedTokensContract
from darkroom.adapters.in_memory.issued_tokens import InMemoryIssuedTokens
from darkroom.adapters.ledgers.postgres import PostgresIssuedTokens
from darkroom.adapters.ledgers.sqlite import open_sqlite_ledger
from darkroom.adapters.postgres.address import PostgresAddress
from darkroom.adapters.postgres.database import open_postgres_database
from darkroom.domain.ports import IssuedTokens


class TestInMemory(IssuedTokensContract):
    @pytest.fixture
    def issued_tokens(self) -> InMemoryIssuedTokens:
        return InMemoryIssuedTokens()

    @pytest.fixture
    def elsewhere(self, issued_tokens: InMemoryIssuedTokens) -> InMemoryIssuedTokens:
        return issued_tokens


def now() -> datetime:
    return datetime.now(UTC)


class TestSQLite(IssuedTokensContract):
    @pytest.fixture
    async def lists(self, tmp_path: Path) -> AsyncIterator[list[IssuedTokens]]:
        file, workers = tmp_path / "ledger", tmp_path / "workers"
        async with open_sqlite_ledger(file, workers, now) as one, open_sqlite_ledger(file, workers, now) as other:
            yield [one.issued_tokens, other.issued_tokens]

    @pytest.fixture
    def issued_tokens(self, lists: list[IssuedTokens]) -> IssuedTokens:
        return lists[0]

    @pytest.fixture
    def elsewhere(self, lists: list[IssuedTokens]) -> IssuedTokens:
        return lists[1]


class TestPostgres(IssuedTokensContract):
    @pytest.fixture
    async def lists(self, database_url: str) -> AsyncIterator[list[IssuedTokens]]:
        address = PostgresAddress.parse(database_url)
        async with open_postgres_database(address) as one, open_postgres_database(address) as other:
            yield [PostgresIssuedTokens(one), PostgresIssuedTokens(other)]

    @pytest.fixture
    def issued_tokens(self, lists: list[IssuedTokens]) -> IssuedTokens:
        return lists[0]

    @pytest.fixture
    def elsewhere(self, lists: list[IssuedTokens]) -> IssuedTokens:
        return lists[1]
