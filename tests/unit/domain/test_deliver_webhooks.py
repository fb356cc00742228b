"""When webhooks are sent, how often they are retried, and when they are given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from conformance.generations import NOON, received, stored
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.model.errors import LedgerUnavailable, StorageUnavailable
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.values import WebhookUrl
from darkroom.domain.model.webhook import RETRIES, Backlog, Delivery, NotDelivered
from darkroom.domain.ports import WebhookSender
from darkroom.domain.use_cases.deliver_webhooks import CLAIM, DeliverWebhooks
from darkroom.entrypoints.container.upkeep import kept_up
from harness.waiting import until

HOOK = WebhookUrl("https://receiver.example/hook")


class Sender(WebhookSender):
    """Raises the given failures one after the other, then succeeds."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.sent = list(failures), list[str]()

    def check(self, url: WebhookUrl) -> None:
        pass

    async def send(self, url: WebhookUrl, message_id: str, body: bytes) -> None:
        self.sent.append(message_id)
        if self.failures:
            raise self.failures.pop(0)


class Desk:
    """Delivers webhooks, on a clock that the test sets."""

    def __init__(self, sender: Sender) -> None:
        self.now, self.sender, self.ledger = NOON + timedelta(minutes=1), sender, InMemoryGenerationLedger()
        self.message: Callable[[Generation], bytes] = lambda generation: generation.id.encode()
        self.sending = DeliverWebhooks(self.ledger.webhooks, sender, self._message, clock=lambda: self.now)

    async def deliver(self) -> int:
        """Send what is due, wait until it is sent, and return how many deliveries began."""
        begun = await self.sending()
        await self.sending.sent()
        return begun

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Send what is due, again and again, as the service does."""
        async with self.sending.delivering(), kept_up(self.sending, 0.001):
            yield

    async def _message(self, generation: Generation) -> bytes:
        return self.message(generation)

    async def ended(self) -> Generation:
        order = replace(received(), webhook=HOOK)
        await self.ledger.receive(order, Limits())
        for revision in stored(order):
            await self.ledger.record(revision)
        return stored(order)[-1]

    async def next_after(self) -> timedelta:
        """Advance the clock to the next attempt, and return how long that took."""
        start = self.now
        while not await self.deliver():
            self.now += timedelta(seconds=1)
        return self.now - start

    async def backlog(self) -> Backlog:
        return await self.ledger.webhooks.backlog()


async def test_a_delivered_message_is_sent_once() -> None:
    desk = Desk(Sender())
    generation = await desk.ended()
    assert [await desk.deliver() for _ in range(3)] == [1, 0, 0]
    assert desk.sender.sent == [generation.id]


async def test_64_messages_are_sent_at_once_and_each_that_has_ended_makes_room_for_another() -> None:
    desk = Desk(Sender())
    for _ in range(65):
        await desk.ended()
    assert [await desk.deliver() for _ in range(3)] == [64, 1, 0]


async def test_a_failing_delivery_is_retried_on_the_schedule_of_the_specification_and_then_given_up() -> None:
    desk = Desk(Sender(*(NotDelivered("HTTP 500") for _ in range(10))))
    generation = await desk.ended()
    await desk.deliver()
    for wait in RETRIES:
        assert await desk.backlog() == Backlog(1, 0)
        assert wait <= await desk.next_after() <= wait * 1.1 + timedelta(seconds=1)
    assert await desk.backlog() == Backlog(0, 1)
    assert desk.sender.sent == [generation.id] * 10
    assert sum(RETRIES, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)


async def test_a_receiver_that_is_gone_is_not_called_again() -> None:
    desk = Desk(Sender(NotDelivered("HTTP 410", gone=True)))
    await desk.ended()
    await desk.deliver()
    assert await desk.backlog() == Backlog(0, 1)


async def test_the_retry_after_of_a_receiver_is_honoured() -> None:
    desk = Desk(Sender(NotDelivered("HTTP 429", retry_after=7200)))
    await desk.ended()
    await desk.deliver()
    assert await desk.next_after() == timedelta(hours=2)


async def test_no_webhook_is_sent_for_a_deleted_generation() -> None:
    desk = Desk(Sender())
    generation = await desk.ended()
    await desk.ledger.record(generation.erased(desk.now))
    assert await desk.deliver() == 1
    assert (desk.sender.sent, await desk.backlog()) == ([], Backlog(0, 0))


async def test_a_message_that_cannot_be_built_is_sent_later() -> None:
    def fail(generation: Generation) -> bytes:
        raise StorageUnavailable("nothing to sign links with")

    desk = Desk(Sender())
    await desk.ended()
    desk.message, well = fail, desk.message
    for _ in range(len(RETRIES) + 1):
        assert await desk.next_after() <= CLAIM
    desk.message = well
    assert await desk.next_after() == CLAIM
    assert len(desk.sender.sent) == 1


async def test_a_message_that_could_not_be_built_uses_up_no_attempt() -> None:
    def fail(generation: Generation) -> bytes:
        raise StorageUnavailable("nothing to sign links with")

    desk = Desk(Sender(NotDelivered("HTTP 503")))
    await desk.ended()
    desk.message, well = fail, desk.message
    for _ in range(len(RETRIES) + 1):
        await desk.next_after()
    desk.message = well
    await desk.next_after()
    assert await desk.backlog() == Backlog(1, 0)
    assert RETRIES[0] <= await desk.next_after() <= RETRIES[0] * 1.1 + timedelta(seconds=1)
    assert await desk.backlog() == Backlog(0, 0)


async def test_a_message_is_sent_again_if_its_delivery_cannot_be_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unavailable(_: Delivery) -> None:
        raise LedgerUnavailable("away")

    desk = Desk(Sender())
    await desk.ended()
    with monkeypatch.context() as away:
        away.setattr(desk.ledger.webhooks, "forget", unavailable)
        await desk.deliver()
    assert await desk.next_after() == CLAIM
    assert len(desk.sender.sent) == 2
    assert await desk.backlog() == Backlog(0, 0)


async def test_a_bug_in_the_sender_counts_as_a_failed_attempt() -> None:
    desk = Desk(Sender(ZeroDivisionError()))
    await desk.ended()
    await desk.deliver()
    assert await desk.next_after() <= RETRIES[0] * 1.1 + timedelta(seconds=1)
    assert await desk.backlog() == Backlog(0, 0)


async def test_a_slow_receiver_delays_no_other_delivery_and_is_cancelled_at_shutdown() -> None:
    class Slow(Sender):
        async def send(self, url: WebhookUrl, message_id: str, body: bytes) -> None:
            await super().send(url, message_id, body)
            if len(self.sent) == 1:
                await asyncio.Event().wait()

    desk = Desk(Slow())
    slow = await desk.ended()
    async with asyncio.timeout(10), desk.delivering():
        await until(lambda: desk.sender.sent == [slow.id])
        quick = await desk.ended()
        while await desk.backlog() != Backlog(1, 0):  # noqa: ASYNC110  # a ledger does not announce its changes
            await asyncio.sleep(0)
    assert desk.sender.sent == [slow.id, quick.id]
    assert len(asyncio.all_tasks()) == 1


async def test_deliveries_resume_when_an_unavailable_ledger_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, looked = Desk(Sender()), asyncio.Event()

    async def unavailable(limit: int, *, now: datetime, until: datetime) -> list[Delivery]:
        looked.set()
        raise LedgerUnavailable("away")

    generation = await desk.ended()
    claim = desk.ledger.webhooks.claim
    monkeypatch.setattr(desk.ledger.webhooks, "claim", unavailable)
    async with asyncio.timeout(20), desk.delivering():
        await looked.wait()
        monkeypatch.setattr(desk.ledger.webhooks, "claim", claim)
        await until(lambda: desk.sender.sent == [generation.id])
