"""Processes are killed at random moments with twenty orders in flight: nothing is paid twice, nothing is lost.

`KILLS=1000 SEED=7 pytest -m long tests/integration/promises/test_kills.py` sets the number of kills. The same seed
repeats the same kills, as far as the scheduler of the machine allows.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from harness.clients import Client
from harness.deaths import Deaths
from harness.load import Load
from harness.orders import orders
from harness.workshop import OpenWorkshop

IN_FLIGHT = 20
SECONDS_PER_IMAGE = 0.3


@dataclass(frozen=True)
class Shape:
    """How the service is run; `kills` is the number of kills in the short test."""

    ledger: str
    processes: int
    kills: int
    workers: int = 1

    def __str__(self) -> str:
        return f"{self.ledger}-{self.processes}x{self.workers}"


SHAPES = [
    Shape("sqlite", 1, kills=5),
    pytest.param(Shape("sqlite", 1, kills=4, workers=2), marks=pytest.mark.thorough),
    pytest.param(Shape("postgres", 1, kills=4), marks=[pytest.mark.postgres, pytest.mark.long]),
    pytest.param(Shape("postgres", 2, kills=6), marks=[pytest.mark.postgres, pytest.mark.thorough]),
    pytest.param(Shape("postgres", 3, kills=8), marks=[pytest.mark.postgres, pytest.mark.long]),
]


@pytest.fixture(params=SHAPES, ids=str)
def shape(request: pytest.FixtureRequest) -> Shape:
    chosen: Shape = request.param
    return chosen


@pytest.fixture
def database_of(shape: Shape, request: pytest.FixtureRequest) -> str | None:
    if shape.ledger == "sqlite":
        return None
    url: str = request.getfixturevalue("database_url")
    return url


@pytest.mark.timeout(600)  # processes are restarted again and again, on a machine that may be busy
class TestKills:
    async def test_nothing_is_paid_twice_and_nothing_is_lost(
        self,
        shape: Shape,
        database_of: str | None,
        workshop_on: OpenWorkshop,
        chance: random.Random,
        measured: Callable[..., None],
    ) -> None:
        await kill(shape, database_of, workshop_on, chance, measured, kills=shape.kills, settled_within=30)

    @pytest.mark.long
    @pytest.mark.timeout(0)
    async def test_nothing_is_paid_twice_and_nothing_is_lost_in_a_thousand_kills(
        self,
        shape: Shape,
        database_of: str | None,
        workshop_on: OpenWorkshop,
        chance: random.Random,
        measured: Callable[..., None],
    ) -> None:
        kills = int(os.environ.get("KILLS", "1000"))
        await kill(shape, database_of, workshop_on, chance, measured, kills=kills, settled_within=5)


async def kill(
    shape: Shape,
    database_url: str | None,
    workshop_on: OpenWorkshop,
    chance: random.Random,
    measured: Callable[..., None],
    *,
    kills: int,
    settled_within: float,
) -> None:
    async with workshop_on(database_url, seconds_per_image=SECONDS_PER_IMAGE) as workshop:
        seats = [workshop.seat({"DARKROOM_WORKERS": str(shape.workers)}) for _ in range(shape.processes)]
        deaths = Deaths(seats, workshop.caller, chance, workers=shape.workers > 1)
        for seat in seats:
            await seat.start(**deaths.life())
        urls = [seat.url for seat in seats]
        clients = [Client(workshop.caller, urls, chance, waits=0.8) for _ in range(IN_FLIGHT)]
        load = Load(clients, orders(chance))
        async with load.running():
            await deaths.happen(kills)
        await deaths.until_settled(seats[0])
        await workshop.tidy_up()

        found = await workshop.books(answers=load.told(), promised=load.promised, seen_in_spool=deaths.spooled)
        measured(
            processes=f"{shape.ledger}, {shape.processes} x {shape.workers}",
            kills=deaths.count,
            orders=found.orders,
            charges=found.charges,
            images=found.images,
            unknown=found.outcomes["unknown"],
            spooled=len(deaths.spooled),
            set_aside=found.set_aside,
            slowest=f"{max(deaths.settled):.1f} s",
            faults={promise: len(broken) for promise, broken in found.faults.items()} or "none",
        )
        assert not found.faults, found
        assert max(deaths.settled) <= settled_within
        assert found.outcomes["stored"]
        assert found.outcomes["unknown"], "at least one order must have been interrupted"
