"""Many requests with one key are one order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from harness.caller import Answer
from harness.fleet import Seat
from harness.orders import Order
from harness.workshop import OpenWorkshop, Workshop

ORDER = Order(key="a key", prompt="a lighthouse in the fog", samples=2)
REFUSALS = ("too-many-requests", "error-9798")
OTHER = Order(key="a key", prompt="a harbour at noon", samples=2)


async def at_once(workshop: Workshop, orders: Sequence[Order]) -> list[Answer]:
    """Send all orders at the same time, each to the next process."""
    urls = [seat.url for seat in workshop.seats]
    return await asyncio.gather(
        *(workshop.caller.order(urls[number % len(urls)], order) for number, order in enumerate(orders))
    )


async def one_order_for_a_hundred_requests(workshop: Workshop, seats: Sequence[Seat]) -> None:
    await asyncio.gather(*(seat.start() for seat in seats))

    answers = await at_once(workshop, [ORDER] * 100)

    assert {answer.status for answer in answers} == {200}
    assert len({answer.images for answer in answers}) == 1
    assert len({answer.headers["link"] for answer in answers}) == 1
    assert [answer.headers.get("idempotency-replay") for answer in answers].count("true") == 99
    assert workshop.charged() == 1

    for refused in await at_once(workshop, [OTHER] * 4):
        assert (refused.status, refused.kind, refused.charged) == (422, "idempotency-key-reused", "no")

    for seat in seats:
        await seat.kill()
    await asyncio.gather(*(seat.start() for seat in seats))
    for replay in await at_once(workshop, [ORDER] * 4):
        assert replay.headers["idempotency-replay"] == "true"
        assert replay.images == answers[0].images

    found = await workshop.books(answers=[(ORDER, answers[0])])
    assert not found.faults
    assert (found.charges, found.images) == (1, 2)


@pytest.mark.long  # a short run has two processes
async def test_a_hundred_requests_under_one_key_are_charged_once(workshop_on: OpenWorkshop) -> None:
    async with workshop_on() as workshop:
        await one_order_for_a_hundred_requests(workshop, [workshop.seat()])


@pytest.mark.thorough
async def test_a_hundred_requests_to_two_processes_on_sqlite_are_charged_once(workshop_on: OpenWorkshop) -> None:
    async with workshop_on() as workshop:
        first = workshop.seat()
        await one_order_for_a_hundred_requests(workshop, [first, workshop.seat(beside=first)])


async def test_a_hundred_requests_to_two_machines_on_postgres_are_charged_once(
    workshop_on: OpenWorkshop, database_url: str
) -> None:
    async with workshop_on(database_url) as workshop:
        await one_order_for_a_hundred_requests(workshop, [workshop.seat(), workshop.seat()])


async def test_of_two_orders_that_race_for_a_key_one_is_drawn(workshop_on: OpenWorkshop) -> None:
    async with workshop_on() as workshop:
        await workshop.seat().start()

        answers = await at_once(workshop, [ORDER, OTHER] * 50)

        by_kind = {kind: [one for one in answers if one.kind == kind] for kind in {one.kind for one in answers}}
        assert {kind: len(those) for kind, those in by_kind.items()} == {"images": 50, "idempotency-key-reused": 50}
        assert len({answer.images for answer in by_kind["images"]}) == 1
        assert workshop.charged() == 1


@pytest.mark.parametrize("fault", ["error-10", *(pytest.param(name, marks=pytest.mark.long) for name in REFUSALS)])
async def test_a_key_that_cost_nothing_is_free_again(workshop_on: OpenWorkshop, fault: str) -> None:
    async with workshop_on() as workshop:
        seat = workshop.seat()
        await seat.start()
        workshop.provider.set_fault(fault, times=1)

        refused = await workshop.caller.order(seat.url, ORDER)
        assert (refused.status, refused.kind, refused.charged) == (503, "generator-unavailable", "no")
        assert int(refused.headers["retry-after"]) > 0

        drawn = await workshop.caller.order(seat.url, OTHER)
        assert drawn.status == 200
        assert "idempotency-replay" not in drawn.headers
        assert workshop.charged() == 1


@pytest.mark.parametrize(
    ("fault", "kind", "charged"),
    [
        ("reset-after-charge", "outcome-unknown", "unknown"),
        pytest.param("close-before-charge", "outcome-unknown", "unknown", marks=pytest.mark.thorough),
        pytest.param("answer-garbage", "unusable-image", "yes", marks=pytest.mark.thorough),
    ],
)
async def test_a_key_that_may_have_cost_something_keeps_its_answer(
    workshop_on: OpenWorkshop, fault: str, kind: str, charged: str
) -> None:
    async with workshop_on() as workshop:
        seat = workshop.seat()
        await seat.start()
        workshop.provider.set_fault(fault, times=1)

        first = await workshop.caller.order(seat.url, ORDER)
        assert (first.kind, first.charged) == (kind, charged)

        await seat.kill()
        await seat.start()
        again = await workshop.caller.order(seat.url, ORDER)
        assert (again.kind, again.charged) == (kind, charged)
        assert again.headers["idempotency-replay"] == "true"
        assert len(workshop.provider.charges()["calls"]) == 1
