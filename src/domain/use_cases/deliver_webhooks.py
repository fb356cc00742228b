"""Telling callers that their generations have ended: at least once, over days if need be."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from darkroom.domain.model.errors import LedgerUnavailable, StorageFault
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.webhook import RETRIES, Delivery, NotDelivered
from darkroom.domain.ports import WebhookLedger, WebhookSender

log = logging.getLogger(__name__)

CLAIM: Final = timedelta(seconds=30)
"""How long nobody else sends what one is about to send: longer than an attempt may take."""

_AT_ONCE: Final = 64
_JITTER: Final = (1.0, 1.1)  # so that what failed together does not come again together


class DeliverWebhooks:
    """Sends what is due, whichever process has drawn it. Safe to run on every machine.

    A crash between sending and writing that down lets it be sent again, so receivers go by the message's id.
    """

    def __init__(
        self,
        *,
        ledger: WebhookLedger,
        sender: WebhookSender,
        message: Callable[[Generation], Awaitable[bytes]],
        clock: Callable[[], datetime],
    ) -> None:
        """`message` makes the body that tells of a generation, as it stands now."""
        self._ledger, self._sender, self._message, self._clock = ledger, sender, message, clock

    async def __call__(self) -> int:
        """Send what is due now; how many attempts it were."""
        due = await self._claimed(_AT_ONCE)
        await asyncio.gather(*(self._deliver(delivery) for delivery in due))
        return len(due)

    async def forever(self, every: float) -> None:
        """Look every so many seconds, until cancelled; a slow receiver keeps nobody else waiting."""
        sending: set[asyncio.Task[None]] = set()
        try:
            while True:
                try:
                    due = await self._claimed(_AT_ONCE - len(sending))
                except LedgerUnavailable as fault:
                    log.warning("cannot look for webhooks now: %s", fault)
                    due = ()
                for delivery in due:
                    task = asyncio.create_task(self._deliver(delivery))
                    sending.add(task)
                    task.add_done_callback(sending.discard)
                await asyncio.sleep(every)
        finally:
            at_work = list(sending)
            for task in at_work:
                task.cancel()
            await asyncio.gather(*at_work, return_exceptions=True)

    async def _claimed(self, most: int) -> Sequence[Delivery]:
        now = self._clock()
        return await self._ledger.claim(most, now=now, until=now + CLAIM) if most else ()

    async def _deliver(self, delivery: Delivery) -> None:
        """Send it and write down what came of it; what cannot be written down is sent again after its claim."""
        told = {"generation": delivery.generation.id}
        try:
            try:
                failure = await self._send(delivery.generation)
            except StorageFault as fault:  # nobody was called: the message could not be made
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
        # What its owner has deleted is not told of any more.
        if generation.webhook is None or generation.erased_at:
            return None
        try:
            await self._sender.send(generation.webhook, generation.id, await self._message(generation))
        except NotDelivered as failure:
            return failure
        except StorageFault:
            raise
        except Exception:  # a fault of ours is not to be repeated for ever
            log.exception("a webhook failed inside", extra={"generation": generation.id})
            return NotDelivered("the service failed inside")
        return None

    def _next(self, delivery: Delivery, failure: NotDelivered) -> datetime | None:
        told = {"generation": delivery.generation.id, "attempt": delivery.attempt}
        if failure.gone or delivery.attempt > len(RETRIES):
            log.error("a webhook is given up: %s", failure, extra=told)
            return None
        log.warning("a webhook was not delivered, and is sent again: %s", failure, extra=told)
        wait: timedelta = RETRIES[delivery.attempt - 1] * random.uniform(*_JITTER)  # noqa: S311  # jitter is no secret
        return self._clock() + max(wait, timedelta(seconds=failure.retry_after or 0))
