"""The ledger in memory fulfils the ledger contract."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conformance.generations import NOON
from conformance.ledger_contract import LedgerContract
from conformance.webhook_ledger_contract import WebhookLedgerContract
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.ports import GenerationLedger


class InMemoryWorkplace:
    def __init__(self) -> None:
        self._now = NOON
        self._first = InMemoryGenerationLedger(lambda: self._now)

    async def hire(self) -> InMemoryGenerationLedger:
        return self._first.colleague()

    async def kill(self, worker: GenerationLedger) -> None:
        assert isinstance(worker, InMemoryGenerationLedger)
        worker.die()

    async def wait_a_minute(self) -> None:
        self._now += timedelta(minutes=1)


class TestInMemoryGenerationLedger(LedgerContract, WebhookLedgerContract):
    @pytest.fixture
    def workplace(self) -> InMemoryWorkplace:
        return InMemoryWorkplace()
