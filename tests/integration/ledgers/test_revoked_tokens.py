"""Every list of revoked tokens keeps the contract, and loses no token in an outage of the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance.revoked_tokens_contract import RevokedTokensContract, hours
from darkroom.adapters.in_memory.revoked_tokens import InMemoryRevokedTokens
from darkroom.adapters.ledgers.postgres import PostgresRevokedTokens
from darkroom.adapters.ledgers.sqlite import SQLiteGenerationLedger, open_sqlite_ledger
from darkroom.adapters.postgres.address import PostgresAddress
from darkroom.adapters.postgres.database import PostgresDatabase, open_postgres_database
from darkroom.domain.model.errors import LedgerUnavailable
from darkroom.domain.ports import RevokedTokens
from servers.postgres import PostgresServer


class TestInMemory(RevokedTokensContract):
    @pytest.fixture
    def revoked(self) -> InMemoryRevokedTokens:
        return InMemoryRevokedTokens()

    @pytest.fixture
    def elsewhere(self, revoked: InMemoryRevokedTokens) -> InMemoryRevokedTokens:
        return revoked


def now() -> datetime:
    return datetime.now(UTC)


class TestSQLite(RevokedTokensContract):
    @pytest.fixture
    async def ledgers(self, tmp_path: Path) -> AsyncIterator[list[SQLiteGenerationLedger]]:
        file, workers = tmp_path / "ledger", tmp_path / "workers"
        async with open_sqlite_ledger(file, workers, now) as one, open_sqlite_ledger(file, workers, now) as other:
            yield [one, other]

    @pytest.fixture
    def revoked(self, ledgers: list[SQLiteGenerationLedger]) -> RevokedTokens:
        return ledgers[0].revoked_tokens

    @pytest.fixture
    def elsewhere(self, ledgers: list[SQLiteGenerationLedger]) -> RevokedTokens:
        return ledgers[1].revoked_tokens

    async def test_expired_entries_are_removed(self, revoked: RevokedTokens, tmp_path: Path) -> None:
        for jti in ("one", "two", "three"):
            await revoked.revoke(jti, hours(-1))
        with closing(sqlite3.connect(tmp_path / "ledger")) as file:
            assert file.execute("SELECT jti FROM revoked_tokens").fetchall() == [("three",)]


class TestPostgres(RevokedTokensContract):
    @pytest.fixture
    async def databases(self, database_url: str) -> AsyncIterator[list[PostgresDatabase]]:
        async with (
            open_postgres_database(PostgresAddress.parse(database_url)) as one,
            open_postgres_database(PostgresAddress.parse(database_url)) as other,
        ):
            yield [one, other]

    @pytest.fixture
    def revoked(self, databases: list[PostgresDatabase]) -> RevokedTokens:
        return PostgresRevokedTokens(databases[0])

    @pytest.fixture
    def elsewhere(self, databases: list[PostgresDatabase]) -> RevokedTokens:
        return PostgresRevokedTokens(databases[1])

    async def test_an_outage_of_the_database_is_reported(
        self, revoked: RevokedTokens, postgres: PostgresServer
    ) -> None:
        await revoked.revoke("one", hours(1))
        postgres.stop()
        for attempt in (revoked.listed(), revoked.revoke("two", hours(1))):
            with pytest.raises(LedgerUnavailable):
                await attempt
        postgres.start()
        assert list(await revoked.listed()) == ["one"]
