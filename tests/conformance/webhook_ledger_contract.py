"""What every ledger MUST record about webhooks, as tests.

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


class LedgerWithWebhooks(GenerationLedger, Protocol):
    """A generation ledger with its webhook ledger."""

    @property
    def webhooks(self) -> WebhookLedger: ...


class Workplace(Protocol):
    """One ledger, and workers that use it."""

    async def hire(self) -> LedgerWithWebhooks:
        """Return another worker at the same ledger."""


def ordered(**what: object) -> Generation:
    return replace(received(**what), webhook=HOOK, promised=True)  # type: ignore[arg-type]  # as `received` takes them


async def ended(ledger: GenerationLedger, limits: Limits | None = None) -> Generation:
    """A stored generation whose caller asked for a webhook."""
    order = ordered()
    await ledger.receive(order, limits or Limits())
    for revision in stored(order):
        await ledger.record(revision)
    return stored(order)[-1]


async def claimed(ledger: LedgerWithWebhooks, now: datetime, limit: int = 100) -> list[Delivery]:
    return list(await ledger.webhooks.claim(limit, now=now, until=now + timedelta(seconds=30)))


class WebhookLedgerContract:
    @pytest.fixture
    async def ledger(self, workplace: Workplace) -> LedgerWithWebhooks:
        return await workplace.hire()

    @pytest.mark.parametrize(
        "limits", [Limits(), Limits(images_per_day=5, spend_per_day=Money.parse("1 USD"))], ids=["free", "held"]
    )
    async def test_a_delivery_is_due_when_the_generation_ends_and_not_before(
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

    async def test_without_a_webhook_there_is_no_delivery(self, ledger: LedgerWithWebhooks) -> None:
        order = received()
        await ledger.receive(order, Limits())
        for revision in stored(order):
            await ledger.record(revision)

        assert await claimed(ledger, LATE) == []
        assert await ledger.webhooks.backlog() == Backlog(0, 0)

    async def test_a_generation_that_ended_without_an_image_is_delivered_too(self, ledger: LedgerWithWebhooks) -> None:
        order = ordered()
        await ledger.receive(order, Limits())
        await ledger.record(order.cancelled(LATER))

        assert await claimed(ledger, LATER) == [Delivery(order.cancelled(LATER), 1)]

    async def test_a_repeated_order_is_delivered_once(self, ledger: LedgerWithWebhooks) -> None:
        order = ordered(key="k")
        for again in (order, order, ordered(key="k")):
            await ledger.receive(again, Limits())
        await ledger.record(order.cancelled(LATER))

        assert len(await claimed(ledger, LATER)) == 1

    async def test_a_refused_order_leaves_no_delivery(self, ledger: LedgerWithWebhooks) -> None:
        await ended(ledger, Limits(images_per_day=1))
        outcomes = await asyncio.gather(
            *(ledger.receive(ordered(), Limits(images_per_day=1)) for _ in range(3)), return_exceptions=True
        )

        assert all(isinstance(outcome, Exception) for outcome in outcomes)
        assert await ledger.webhooks.backlog() == Backlog(1, 0)

    async def test_a_completed_delivery_is_forgotten(self, ledger: LedgerWithWebhooks) -> None:
        await ended(ledger)
        (delivery,) = await claimed(ledger, LATER)

        for _ in range(2):
            await ledger.webhooks.forget(delivery)

        assert await claimed(ledger, LATE) == []
        assert await ledger.webhooks.backlog() == Backlog(0, 0)

    async def test_a_claim_that_expires_leaves_the_delivery_to_others(self, workplace: Workplace) -> None:
        dead, other = await workplace.hire(), await workplace.hire()
        generation = await ended(dead)
        await claimed(dead, LATER)

        assert await claimed(other, LATER + timedelta(seconds=29)) == []
        assert await claimed(other, LATER + timedelta(seconds=30)) == [Delivery(generation, 2)]

    async def test_each_delivery_is_claimed_by_one_worker(self, workplace: Workplace) -> None:
        workers = [await workplace.hire() for _ in range(4)]
        generations = [await ended(workers[0]) for _ in range(20)]

        batches = await asyncio.gather(*(claimed(worker, LATER, 7) for worker in workers for _ in range(3)))

        got = [delivery.generation.id for batch in batches for delivery in batch]
        assert all(len(batch) <= 7 for batch in batches)
        assert sorted(got) == sorted(generation.id for generation in generations)

    async def test_a_postponed_delivery_is_due_at_its_new_time(self, ledger: LedgerWithWebhooks) -> None:
        generation = await ended(ledger)
        (delivery,) = await claimed(ledger, LATER)
        await ledger.webhooks.put_off(delivery, LATE)

        assert await claimed(ledger, LATE - timedelta(microseconds=1)) == []
        assert await claimed(ledger, LATE) == [Delivery(generation, 2)]

    async def test_a_delivery_that_was_not_attempted_does_not_count(self, ledger: LedgerWithWebhooks) -> None:
        generation = await ended(ledger)
        (delivery,) = await claimed(ledger, LATER)
        await ledger.webhooks.put_off(delivery, LATE, attempted=False)

        assert await claimed(ledger, LATE) == [Delivery(generation, 1)]

    async def test_a_delivery_given_up_is_counted_and_never_due_again(self, ledger: LedgerWithWebhooks) -> None:
        for _ in range(2):
            await ended(ledger)
        await ledger.receive(ordered(), Limits())
        (given_up, _) = await claimed(ledger, LATER)
        await ledger.webhooks.put_off(given_up, None)

        assert await ledger.webhooks.backlog() == Backlog(waiting=2, given_up=1)
        assert given_up.generation.id not in [delivery.generation.id for delivery in await claimed(ledger, LATE)]

    async def test_an_expired_claim_cannot_postpone_a_delivery(self, ledger: LedgerWithWebhooks) -> None:
        await ended(ledger)
        (slow,) = await claimed(ledger, LATER)
        (quick,) = await claimed(ledger, LATE)
        await ledger.webhooks.put_off(quick, LATE + timedelta(minutes=5))
        await ledger.webhooks.put_off(slow, None)

        assert await ledger.webhooks.backlog() == Backlog(1, 0)

    @pytest.mark.parametrize("late", ["forget", "put_off", "give_up"])
    async def test_a_generation_lifted_during_its_delivery_is_delivered_again(
        self, ledger: LedgerWithWebhooks, late: str
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

    async def test_an_erased_generation_loses_its_webhook(self, ledger: LedgerWithWebhooks) -> None:
        generation = await ended(ledger)
        await ledger.record(generation.erased(LATE))

        found = await ledger.find(generation.id)
        assert generation.webhook == HOOK
        assert found is not None
        assert found.webhook is None

    async def test_a_delivery_dated_ahead_by_a_wrong_clock_becomes_due_now(self, workplace: Workplace) -> None:
        ledger, ahead = await workplace.hire(), NOON + timedelta(hours=25)
        order = replace(ordered(at=ahead), id=uuid7(int(ahead.timestamp() * 1000)))
        await ledger.receive(order, Limits())
        for revision in stored(order):
            await ledger.record(revision)
        assert await claimed(ledger, NOON) == []
        assert await ledger.date_back(NOON) == 1
        (delivery,) = await claimed(ledger, NOON)
        assert (delivery.generation.id, delivery.attempt) == (order.id, 1)

    async def test_a_delivery_postponed_before_the_clock_was_set_back_becomes_due_now(
        self, ledger: LedgerWithWebhooks
    ) -> None:
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
    async def test_the_end_of_a_lifted_generation_is_due_by_the_corrected_clock(
        self, ledger: LedgerWithWebhooks, lifted_at: datetime
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
