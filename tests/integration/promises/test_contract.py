"""The whole idempotency contract, checked by a state machine, with each ledger."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from conformance.ledger_contract import Workplace
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.ports import GenerationLedger
from darkroom.domain.use_cases import patience
from harness.contract_machine import IdempotencyContract
from integration.ledgers.workplaces import PostgresWorkplace, SQLiteWorkplace


class InMemoryWorkplace:
    def __init__(self) -> None:
        self._first = InMemoryGenerationLedger()

    async def hire(self) -> InMemoryGenerationLedger:
        return self._first.colleague()

    async def kill(self, worker: GenerationLedger) -> None:
        assert isinstance(worker, InMemoryGenerationLedger)
        worker.die()

    async def wait_a_minute(self) -> None:
        """Quotas are not part of this contract."""


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses before retries: here, outages end as soon as the state machine says so."""
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(patience, "LONGEST_PAUSE", 0.01)


def drive(open_workplace: Callable[[], Workplace], *, examples: int, steps: int = 40) -> None:
    run_state_machine_as_test(
        partial(IdempotencyContract, open_workplace),  # type: ignore[arg-type]  # it accepts any factory
        settings=settings(
            max_examples=examples, stateful_step_count=steps, suppress_health_check=list(HealthCheck), database=None
        ),
    )


def sqlite_in(folder: Path) -> Callable[[], Workplace]:
    numbers = itertools.count()
    return lambda: SQLiteWorkplace(folder / str(next(numbers)))


def test_the_contract_holds_in_memory() -> None:
    drive(InMemoryWorkplace, examples=50)


def test_the_contract_holds_with_sqlite(tmp_path: Path) -> None:
    drive(sqlite_in(tmp_path), examples=8)


@pytest.mark.thorough
def test_the_contract_holds_with_postgres(database_url: str, tmp_path: Path) -> None:
    drive(lambda: PostgresWorkplace(database_url, tmp_path), examples=15)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_the_contract_holds_in_memory_for_long() -> None:
    drive(InMemoryWorkplace, examples=2000, steps=60)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_the_contract_holds_with_sqlite_for_long(tmp_path: Path) -> None:
    drive(sqlite_in(tmp_path), examples=500, steps=60)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_the_contract_holds_with_postgres_for_long(database_url: str, tmp_path: Path) -> None:
    drive(lambda: PostgresWorkplace(database_url, tmp_path), examples=500, steps=60)
