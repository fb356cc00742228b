"""What every ledger MUST remember of whom to tell, as tests.

A subclass of `WebhookLedgerContract` names the adapter by the fixture `workplace`, as for `LedgerContract`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from conformance.generations import NOON, image_of, received, stored
from darkroom.domain.model.errors import OutcomeUnknown
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import WebhookUrl
from darkroom.domain.model.webhook import Backlog, Delivery
from darkroom.domain.ports import GenerationLedger, WebhookLedger

HOOK = WebhookUrl("https://receiver.example/hook?token=t")
LATER = NOON + timedelta(seconds=30)
LATE = NOON + timedelta(hours=1)


class TellingLedger(GenerationLedger, Protocol):
    """A ledger with what is remembered beside it."""

    @property
    def webhooks(self) -> WebhookLedger: ...


class Workplace(Protocol):
    """One ledger, and workers at it."""

    async def hire(self) -> TellingLedger:
        """Another worker, at the same ledger."""


def ordered(**what: object) -> Generation:
    return replace(received(**what), webhook=HOOK, promised=True)  # type: ignore[arg-type]  # as `received` takes them


async def ended(ledger: GenerationLedger, limits: Limits | None = None) -> Generation:
    """One at its end, whose caller wants to know."""
    order = ordered()
    await ledger.receive(order, limits or Limits())
    for revision in stored(order):
        await ledger.record(revision)
    return stored(order)[-1]


async def claimed(ledger: TellingLedger, now: datetime, limit: int = 100) -> list[Delivery]:
    return list(await ledger.webhooks.claim(limit, now=now, until=now + timedelta(seconds=30)))


class WebhookLedgerContract:
    @pytest.fixture
    async def ledger(self, workplace: Workplace) -> TellingLedger:
        return await workplace.hire()

    @pytest.mark.parametrize(
        "limits", [Limits(), Limits(images_per_day=5, spend_per_day=Money.parse("1 USD"))], ids=["free", "held"]
    )
    async def test_whoever_wants_to_know_is_told_of_the_end_and_not_before(
        self, workplace: Workplace, limits: Limits
    ) -> None:
        ledger, other = await workplace.hire(), await workplace.hire()
        order = ordered()
        await ledger.receive(order, limits)
        assert await claimed(other, LATER) == []
        *on_the_way, last = stored(order)
        for revision in on_the_way:
            await ledger.record(revision)
            assert await claimed(other, LATER) == []
        await ledger.record(last)

        assert await claimed(other, LATER) == [Delivery(last, 1)]

    async def test_nobody_else_is_told(self, ledger: TellingLedger) -> None:
        order = received()
        await ledger.receive(order, Limits())
        for revision in stored(order):
            await ledger.record(revision)

        assert await claimed(ledger, LATE) == []
        assert await ledger.webhooks.backlog() == Backlog(0, 0)

    async def test_what_ended_without_an_image_is_told_too(self, ledger: TellingLedger) -> None:
        order = ordered()
        await ledger.receive(order, Limits())
        await ledger.record(order.cancelled(LATER))

        assert await claimed(ledger, LATER) == [Delivery(order.cancelled(LATER), 1)]

    async def test_an_order_that_is_repeated_is_told_once(self, ledger: TellingLedger) -> None:
        order = ordered(key="k")
        for again in (order, order, ordered(key="k")):
            await ledger.receive(again, Limits())
        await ledger.record(order.cancelled(LATER))

        assert len(await claimed(ledger, LATER)) == 1

    async def test_an_order_that_is_refused_leaves_nothing(self, ledger: TellingLedger) -> None:
        await ended(ledger, Limits(images_per_day=1))
        outcomes = await asyncio.gather(
            *(ledger.receive(ordered(), Limits(images_per_day=1)) for _ in range(3)), return_exceptions=True
        )

        assert all(isinstance(outcome, Exception) for outcome in outcomes)
        assert await ledger.webhooks.backlog() == Backlog(1, 0)

    async def test_what_was_delivered_is_forgotten(self, ledger: TellingLedger) -> None:
        await ended(ledger)
        (delivery,) = await claimed(ledger, LATER)

        for _ in range(2):
            await ledger.webhooks.forget(delivery)

        assert await claimed(ledger, LATE) == []
        assert await ledger.webhooks.backlog() == Backlog(0, 0)

    async def test_who_claims_and_is_never_heard_of_again_leaves_it_to_others(self, workplace: Workplace) -> None:
        dead, other = await workplace.hire(), await workplace.hire()
        generation = await ended(dead)
        await claimed(dead, LATER)

        assert await claimed(other, LATER + timedelta(seconds=29)) == []
        assert await claimed(other, LATER + timedelta(seconds=30)) == [Delivery(generation, 2)]

    async def test_each_is_claimed_by_one(self, workplace: Workplace) -> None:
        workers = [await workplace.hire() for _ in range(4)]
        generations = [await ended(workers[0]) for _ in range(20)]

        batches = await asyncio.gather(*(claimed(worker, LATER, 7) for worker in workers for _ in range(3)))

        got = [delivery.generation.id for batch in batches for delivery in batch]
        assert all(len(batch) <= 7 for batch in batches)
        assert sorted(got) == sorted(generation.id for generation in generations)

    async def test_what_is_put_off_is_due_when_it_is(self, ledger: TellingLedger) -> None:
        generation = await ended(ledger)
        (delivery,) = await claimed(ledger, LATER)
        await ledger.webhooks.put_off(delivery, LATE)

        assert await claimed(ledger, LATE - timedelta(microseconds=1)) == []
        assert await claimed(ledger, LATE) == [Delivery(generation, 2)]

    async def test_an_attempt_that_was_none_does_not_count(self, ledger: TellingLedger) -> None:
        generation = await ended(ledger)
        (delivery,) = await claimed(ledger, LATER)
        await ledger.webhooks.put_off(delivery, LATE, attempted=False)

        assert await claimed(ledger, LATE) == [Delivery(generation, 1)]

    async def test_what_is_given_up_is_counted_and_never_due_again(self, ledger: TellingLedger) -> None:
        for _ in range(2):
            await ended(ledger)
        await ledger.receive(ordered(), Limits())
        (given_up, _) = await claimed(ledger, LATER)
        await ledger.webhooks.put_off(given_up, None)

        assert await ledger.webhooks.backlog() == Backlog(waiting=2, given_up=1)
        assert given_up.generation.id not in [delivery.generation.id for delivery in await claimed(ledger, LATE)]

    async def test_who_was_too_slow_puts_nothing_off(self, ledger: TellingLedger) -> None:
        await ended(ledger)
        (slow,) = await claimed(ledger, LATER)
        (quick,) = await claimed(ledger, LATE)
        await ledger.webhooks.put_off(quick, LATE + timedelta(minutes=5))
        await ledger.webhooks.put_off(slow, None)

        assert await ledger.webhooks.backlog() == Backlog(1, 0)

    @pytest.mark.parametrize("late", ["forget", "put_off", "give_up"])
    async def test_what_was_lifted_while_its_end_was_being_told_is_told_again(
        self, ledger: TellingLedger, late: str
    ) -> None:
        order = ordered()
        await ledger.receive(order, Limits())
        submitted = order.submitted()
        unknown = submitted.failed(OutcomeUnknown("cut off"), LATER)
        lifted = unknown.lifted_by([image_of(order)], "it was there after all", LATE)
        for revision in (submitted, unknown):
            await ledger.record(revision)
        (first,) = await claimed(ledger, LATER)

        await ledger.lift(lifted)
        if late == "forget":
            await ledger.webhooks.forget(first)
        else:
            await ledger.webhooks.put_off(first, None if late == "give_up" else LATE + timedelta(hours=1))

        assert await claimed(ledger, LATE) == [Delivery(lifted, 1)]
        await ledger.webhooks.forget(first)
        await ledger.webhooks.put_off(first, None)
        assert await claimed(ledger, LATE + timedelta(minutes=1)) == [Delivery(lifted, 2)]

    async def test_where_to_tell_is_forgotten_with_the_rest(self, ledger: TellingLedger) -> None:
        generation = await ended(ledger)
        await ledger.record(generation.erased(LATE))

        found = await ledger.find(generation.id)
        assert generation.webhook == HOOK
        assert found is not None
        assert found.webhook is None

    async def test_what_a_wrong_clock_has_made_due_is_due_now(self, workplace: Workplace) -> None:
        ledger, ahead = await workplace.hire(), NOON + timedelta(hours=25)
        order = replace(ordered(at=ahead), id=uuid7(int(ahead.timestamp() * 1000)))
        await ledger.receive(order, Limits())
        for revision in stored(order):
            await ledger.record(revision)
        assert await claimed(ledger, NOON) == []
        assert await ledger.date_back(NOON) == 1
        (delivery,) = await claimed(ledger, NOON)
        assert (delivery.generation.id, delivery.attempt) == (order.id, 1)

    async def test_what_was_put_off_by_a_clock_that_was_set_back_since_is_due_now(self, ledger: TellingLedger) -> None:
        generations = {(await ended(ledger)).id for _ in range(3)}
        ahead = LATE + timedelta(hours=10)
        put_off, given_up, lost = await claimed(ledger, ahead)
        await ledger.webhooks.put_off(put_off, ahead + timedelta(minutes=5))
        await ledger.webhooks.put_off(given_up, None)
        assert await claimed(ledger, LATE) == []

        assert await ledger.date_back(LATE) == 0

        due = await claimed(ledger, LATE)
        assert {one.generation.id for one in due} == generations - {given_up.generation.id}
        assert [one.attempt for one in due] == [2, 2]
        (again,) = [one for one in due if one.generation.id == lost.generation.id]
        await ledger.webhooks.put_off(again, ahead)
        assert await ledger.date_back(LATE) == 0
        assert [one.attempt for one in await claimed(ledger, ahead)] == [3, 3]

    @pytest.mark.parametrize("lifted_at", [NOON + timedelta(hours=25), LATE])
    async def test_the_new_end_of_what_was_lifted_is_due_by_the_right_clock(
        self, ledger: TellingLedger, lifted_at: datetime
    ) -> None:
        order = ordered()
        await ledger.receive(order, Limits())
        submitted = order.submitted()
        unknown = submitted.failed(OutcomeUnknown("cut off"), LATER)
        for revision in (submitted, unknown):
            await ledger.record(revision)
        await ledger.lift(unknown.lifted_by([image_of(order)], "it was there after all", lifted_at))

        await ledger.date_back(LATE)

        assert [one.attempt for one in await claimed(ledger, LATE)] == [1]

    async def test_an_attempt_that_waits_for_its_time_is_not_brought_forward(self, workplace: Workplace) -> None:
        ledger = await workplace.hire()
        await ended(ledger)
        (delivery,) = await claimed(ledger, LATER)
        await ledger.webhooks.put_off(delivery, NOON + timedelta(hours=24))
        assert await ledger.date_back(NOON) == 0
        assert await claimed(ledger, LATE) == []
