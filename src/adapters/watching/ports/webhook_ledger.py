"""A webhook ledger that reports outcomes to a watcher."""

from collections.abc import Sequence
from datetime import datetime

from darkroom.adapters.watching.ports.watcher import Watcher
from darkroom.domain.model.webhook import Backlog, Delivery
from darkroom.domain.ports import WebhookLedger


class WatchedWebhookLedger(WebhookLedger):
    """Reports the outcome of each delivery to a watcher."""

    def __init__(self, ledger: WebhookLedger, watcher: Watcher) -> None:
        self._ledger, self._watcher = ledger, watcher

    async def claim(self, limit: int, *, now: datetime, until: datetime) -> Sequence[Delivery]:
        return await self._ledger.claim(limit, now=now, until=until)

    async def forget(self, delivery: Delivery) -> None:
        await self._ledger.forget(delivery)
        if delivery.generation.webhook:  # otherwise its owner has deleted it, and no request was sent
            self._watcher.webhook("delivered")

    async def put_off(self, delivery: Delivery, until: datetime | None, *, attempted: bool = True) -> None:
        await self._ledger.put_off(delivery, until, attempted=attempted)
        if attempted:
            self._watcher.webhook("put-off" if until else "given-up")

    async def backlog(self) -> Backlog:
        return await self._ledger.backlog()
