"""Sends webhooks at the end of generations: at least once, retried for days if necessary."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from darkroom.domain.model.errors import LedgerUnavailable, StorageUnavailable
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.webhook import RETRIES, Delivery, NotDelivered
from darkroom.domain.ports import WebhookLedger, WebhookSender

log = logging.getLogger(__name__)

CLAIM: Final = timedelta(seconds=30)
"""How long a claimed delivery belongs to one process; longer than an attempt takes."""

_AT_ONCE: Final = 64
_JITTER: Final = (1.0, 1.1)  # so that deliveries that failed together are not repeated together


class DeliverWebhooks:
    """Sends due webhooks, of any process's generations. Safe to run on every machine.

    After a crash between sending and recording that, a webhook is sent again: receivers recognise it by its message id.
    """

    def __init__(
        self,
        ledger: WebhookLedger,
        sender: WebhookSender,
        message: Callable[[Generation], Awaitable[bytes]],
        *,
        clock: Callable[[], datetime],
    ) -> None:
        """`message` returns the body for a generation in its present state."""
        self._ledger, self._sender, self._message, self._clock = ledger, sender, message, clock
        self._sending: set[asyncio.Task[None]] = set()

    async def __call__(self) -> int:
        """Start sending up to `_AT_ONCE` due webhooks side by side, and return how many were started.

        Raises:
            LedgerUnavailable: the due deliveries cannot be read now.
        """
        due = await self._claimed(_AT_ONCE - len(self._sending))
        for delivery in due:
            task = asyncio.create_task(self._deliver(delivery))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return len(due)

    async def sent(self) -> None:
        """Wait until every started attempt has ended."""
        await asyncio.gather(*self._sending)

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Cancel running attempts at the end of the block; they are repeated when their claims expire."""
        try:
            yield
        finally:
            sending = list(self._sending)
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)

    async def _claimed(self, most: int) -> Sequence[Delivery]:
        now = self._clock()
        return await self._ledger.claim(most, now=now, until=now + CLAIM) if most else ()

    async def _deliver(self, delivery: Delivery) -> None:
        """Make an attempt and record its result; if that fails, it is repeated when the claim expires."""
        told = {"generation": delivery.generation.id}
        try:
            try:
                failure = await self._send(delivery.generation)
            except StorageUnavailable as fault:  # no request was sent: the message needs links
                log.warning("a webhook waits until links can be made: %s", fault, extra=told)
                await self._ledger.put_off(delivery, self._clock() + CLAIM, attempted=False)
                return
            if failure:
                await self._ledger.put_off(delivery, self._next(delivery, failure))
            else:
                await self._ledger.forget(delivery)
        except LedgerUnavailable as fault:
            log.warning("a webhook is sent again: %s", fault, extra=told)

    async def _send(self, generation: Generation) -> NotDelivered | None:
        # No webhook is sent for a generation that its owner deleted.
        if generation.webhook is None or generation.erased_at:
            return None
        try:
            await self._sender.send(generation.webhook, _message_id(generation), await self._message(generation))
        except NotDelivered as failure:
            return failure
        except StorageUnavailable:
            raise
        except Exception:  # a fault of ours must count as an attempt, or it would be repeated for ever
            log.exception("a webhook failed with an internal error", extra={"generation": generation.id})
            return NotDelivered("the service had an internal error")
        return None

    def _next(self, delivery: Delivery, failure: NotDelivered) -> datetime | None:
        told = {"generation": delivery.generation.id, "attempt": delivery.attempt}
        if failure.gone or delivery.attempt > len(RETRIES):
            log.error("a webhook is given up: %s", failure, extra=told)
            return None
        log.warning("a webhook was not delivered, and is sent again: %s", failure, extra=told)
        wait: timedelta = RETRIES[delivery.attempt - 1] * random.uniform(*_JITTER)  # noqa: S311  # jitter is not a secret
        return self._clock() + max(wait, timedelta(seconds=failure.retry_after or 0))


def _message_id(generation: Generation) -> str:
    """Return the same id for each attempt, and a new one after a lift, since receivers skip known ids."""
    at = generation.finished_at
    return f"{generation.id}.{at.timestamp():.0f}" if generation.lifted and at else generation.id
