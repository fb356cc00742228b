"""The durable ledgers keep the contract."""

from __future__ import annotations

import pytest

from conformance.ledger_contract import LedgerContract
from conformance.webhook_ledger_contract import WebhookLedgerContract
from integration.ledgers.worker_contract import WorkerContract
from integration.ledgers.workplaces import PostgresWorkplace, SQLiteWorkplace


class TestSQLiteGenerationLedger(LedgerContract, WebhookLedgerContract, WorkerContract):
    @pytest.fixture
    def workplace(self, sqlite_workplace: SQLiteWorkplace) -> SQLiteWorkplace:
        return sqlite_workplace

    @pytest.fixture
    def address(self, sqlite_workplace: SQLiteWorkplace) -> str:
        return str(sqlite_workplace.folder)


class TestPostgresGenerationLedger(LedgerContract, WebhookLedgerContract, WorkerContract):
    @pytest.fixture
    def workplace(self, postgres_workplace: PostgresWorkplace) -> PostgresWorkplace:
        return postgres_workplace

    @pytest.fixture
    def address(self, postgres_workplace: PostgresWorkplace) -> str:
        return postgres_workplace.url
