"""A caller with very many reads at once does not keep other callers waiting."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from darkroom.adapters.fair_turns import MOST_WAITING
from darkroom.adapters.ledgers.sqlite import open_sqlite_ledger, reads
from darkroom.adapters.ledgers.sqlite.reader import CONNECTIONS
from integration.http.house import bearer, now, open_house

READS = MOST_WAITING + CONNECTIONS + 8


async def test_a_caller_with_too_many_reads_gets_503_and_others_are_answered_as_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, usage = threading.Event(), reads.usage

    def held(*asked: object) -> object:
        if asked[2] == "ada":
            slow.wait(60)
        return usage(*asked)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(reads, "usage", held)
    try:
        async with (
            open_sqlite_ledger(tmp_path / "ledger", tmp_path / "workers", now) as ledger,
            open_house(ledger=ledger) as house,
        ):
            flood = [asyncio.create_task(house.client.get("/api/usage")) for _ in range(READS)]
            turned_away, _ = await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED, timeout=60)
            for answer in [task.result() for task in turned_away]:
                assert answer.status_code == 503
                assert answer.headers["Retry-After"] == "1"
                assert answer.json()["type"].endswith("/problems/overloaded")
            assert turned_away
            other = await house.client.get("/api/usage", headers=bearer(sub="bob"))
            assert other.status_code == 200
            assert (await house.client.get("/health/ready")).status_code == 200
            assert (await house.order(bearer(sub="bob"))).status_code == 200
            slow.set()
            statuses = [answer.status_code for answer in await asyncio.gather(*flood)]
            assert set(statuses) == {200, 503}
            assert statuses.count(200) >= MOST_WAITING
    finally:
        slow.set()
