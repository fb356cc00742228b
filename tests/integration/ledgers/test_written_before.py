"""A ledger that the previous release wrote is read, listed, swept and continued."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance.ledger_contract import abandoned
from darkroom.adapters.ledgers.sqlite import SQLiteGenerationLedger, open_sqlite_ledger
from darkroom.domain.model.errors import Charged
from darkroom.domain.model.generation import State
from darkroom.domain.model.values import IdempotencyKey

DUMP = Path(__file__).parent / "written_before" / "release_0.sql"
NOW = datetime(2026, 3, 15, tzinfo=UTC)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[SQLiteGenerationLedger]:
    file = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(file)) as written:
        written.executescript(DUMP.read_text(encoding="utf-8"))
    async with open_sqlite_ledger(file, tmp_path / "workers", lambda: NOW) as ledger:
        yield ledger


async def test_every_row_is_listed_as_it_ended(ledger: SQLiteGenerationLedger) -> None:
    listed = {one.key.value if one.key else one.state: one for one in await ledger.page("ada", limit=100)}

    assert {name: (one.state, one.charged) for name, one in listed.items()} == {
        "received": (State.RECEIVED, Charged.NO),
        "submitted": (State.SUBMITTED, Charged.YES),
        "drawn": (State.DRAWN, Charged.YES),
        "stored": (State.STORED, Charged.YES),
        State.REFUSED: (State.REFUSED, Charged.NO),
        "PromptRejected": (State.UNUSABLE, Charged.YES),
        "OutcomeUnknown": (State.UNKNOWN, Charged.UNKNOWN),
        "UnusableImage": (State.UNUSABLE, Charged.YES),
        "part": (State.UNUSABLE, Charged.YES),
        State.CANCELLED: (State.CANCELLED, Charged.NO),
        "forgotten": (State.STORED, Charged.YES),
        "hook": (State.STORED, Charged.YES),
        "handed on": (State.RECEIVED, Charged.NO),
    }
    assert {name: one.failure.code for name, one in listed.items() if one.failure and one.key} == {
        "PromptRejected": "prompt-rejected",
        "OutcomeUnknown": "outcome-unknown",
        "UnusableImage": "unusable-image",
        "part": "unusable-image",
    }
    assert not listed["forgotten"].prompts_kept
    assert [image.index for image in listed["part"].images] == [0]
    assert str(listed["stored"].cost) == "0.04 USD"
    assert [str(fallback.cost) for fallback in listed["handed on"].fallbacks] == ["0.2 USD"]


async def test_unfinished_generations_are_taken_over_and_ended_ones_are_swept(ledger: SQLiteGenerationLedger) -> None:
    taken = await abandoned(ledger)
    due = await ledger.sweepable(erase_before=NOW, forget_before=NOW)

    assert sorted(one.state for one in taken) == ["drawn", "received", "received", "submitted"]
    for one in due:
        await ledger.record(one.emptied() if one.erased_at else one.erased(NOW))
    found = await ledger.find_by_key("ada", IdempotencyKey("stored"))
    assert found
    assert found.erased_at == NOW
