"""A ledger in dictionaries."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from darkroom.domain.model.errors import Superseded
from darkroom.domain.model.generation import Generation, GenerationRequest, State
from darkroom.domain.model.history import HistoryPage, Search
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.limits import WINDOW, Check, Limits, Usage, counted_images, too_far_ahead
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.model.webhook import Backlog, Delivery
from darkroom.domain.ports import LOCAL, Abandoned, Call, CallState, GenerationLedger, ImageOnRecord, WebhookLedger

MINUTE: Final = timedelta(minutes=1)


@dataclass(slots=True)
class _Row:
    generation: Generation
    worker: str
    drawn: int = 0


@dataclass(slots=True)
class _Webhook:
    due_at: datetime | None
    attempts: int = 0
    claimed_at: datetime | None = None


@dataclass(slots=True)
class _Call:
    call: Call
    worker: str
    cut_at: datetime | None = None


@dataclass(slots=True)
class _Book:
    rows: dict[str, _Row] = field(default_factory=dict)
    webhooks: dict[str, _Webhook] = field(default_factory=dict)
    calls: list[_Call] = field(default_factory=list)
    living: set[str] = field(default_factory=set)
    died: dict[str, datetime] = field(default_factory=dict)
    reserved: list[tuple[str, datetime, int]] = field(default_factory=list)


class InMemoryGenerationLedger(GenerationLedger):
    """One worker at a ledger in memory; `colleague` returns another one at the same ledger."""

    def __init__(
        self, clock: Callable[[], datetime] = lambda: datetime.now(UTC), *, _book: _Book | None = None
    ) -> None:
        self.worker = uuid7()
        self._clock, self._book = clock, _book or _Book()
        self._book.living.add(self.worker)
        self.webhooks = InMemoryWebhookLedger(self._book)

    def colleague(self) -> "InMemoryGenerationLedger":
        """Return another worker at the same ledger."""
        return InMemoryGenerationLedger(self._clock, _book=self._book)

    def die(self) -> None:
        """Mark this worker as dead; its unfinished generations are abandoned."""
        self._book.living.discard(self.worker)
        self._book.died[self.worker] = self._clock()

    def revive(self) -> None:
        """Mark this worker as living again, as if it was only cut off, and others took it for dead."""
        self._book.living.add(self.worker)

    async def receive(self, generation: Generation, limits: Limits) -> Generation:
        kept = generation.key and await self.find_by_key(generation.caller, generation.key)
        if kept := kept or await self.find(generation.id):
            return kept
        for check in limits.checks(generation):
            self._hold_to(check, generation.created_at)
        self._book.rows[generation.id] = _Row(generation, self.worker)
        if generation.webhook:
            self._book.webhooks[generation.id] = _Webhook(generation.created_at)
        return generation

    async def record(self, generation: Generation) -> None:
        row = self._book.rows.get(generation.id)
        if row is None or row.generation.revision != generation.revision - 1:
            if row and (row.generation, row.worker) == (_dated_as(row, generation), self.worker):
                return
            raise Superseded(generation.id)
        row.generation, row.worker = _dated_as(row, generation), self.worker
        row.drawn = max(row.drawn, len(generation.images) + len(generation.removed))

    async def promise(self, generation_id: str) -> Generation | None:
        row = self._book.rows.get(generation_id)
        if row and row.generation.state is State.RECEIVED:
            row.generation = replace(row.generation, promised=True)
        return row.generation if row else None

    async def withdraw(self, generation: Generation) -> None:
        row = self._book.rows.get(generation.id)
        if row and row.generation.promised_since(generation):
            raise Superseded(generation.id)
        await self.record(generation)

    async def lift(self, generation: Generation) -> None:
        await self.record(generation)
        if generation.webhook:
            self._book.webhooks[generation.id] = _Webhook(self._clock())

    async def find(self, generation_id: str) -> Generation | None:
        row = self._book.rows.get(generation_id)
        return row.generation if row else None

    async def track(self, call: Call, within: timedelta) -> Call:
        calls, now = self._book.calls, self._clock()
        tracked = next((one for one in calls if one.call.id == call.id), None)
        if tracked and call.state is CallState.ANSWERED:
            calls.remove(tracked)
        elif tracked and call.state is CallState.CUT:
            tracked.cut_at = tracked.cut_at or now
        if tracked or call.state is not CallState.BEGUN:
            return replace(call, key=tracked.call.key) if tracked else call
        cut = (one for one in calls if self._same(one.call, call) and (at := self._cut_at(one)) and at > now - within)
        repeated = min(cut, key=lambda one: one.call.key.value, default=None) if call.repeats else None
        if repeated:
            calls.remove(repeated)
            call = replace(call, key=repeated.call.key)
        calls.append(_Call(call, self.worker))
        return call

    async def find_by_key(self, caller: str, key: IdempotencyKey) -> Generation | None:
        return next((kept for kept in self._generations() if (kept.caller, kept.key) == (caller, key)), None)

    async def page(self, caller: str, *, limit: int, before: str | None = None) -> Sequence[Generation]:
        own = (kept for kept in self._generations() if kept.caller == caller and kept.erased_at is None)
        older = (kept for kept in own if before is None or kept.id < before)
        return sorted(older, key=lambda kept: kept.id, reverse=True)[:limit]

    async def search(self, caller: str, search: Search, *, limit: int, before: str | None = None) -> HistoryPage:
        looked_at = await self.page(caller, limit=Search.LOOKS_AT, before=before)
        found = [kept for kept in looked_at if search.finds(kept)]
        if len(found) > limit:
            return HistoryPage(found[:limit], found[limit - 1].id)
        return HistoryPage(found, looked_at[-1].id if len(looked_at) == Search.LOOKS_AT else None)

    async def take_abandoned(self, limit: int, at_work: Container[str]) -> Sequence[Generation]:
        taken = [row for row in self._book.rows.values() if self._is_abandoned(row, at_work)][:limit]
        for row in taken:
            row.generation = replace(row.generation, revision=row.generation.revision + 1)
            row.worker = self.worker
        return [row.generation for row in taken]

    async def abandoned(self, limit: int) -> Sequence[Abandoned]:
        left = [row for row in self._book.rows.values() if not (row.generation.state.final or self._lives(row.worker))]
        return [Abandoned(row.generation, LOCAL) for row in sorted(left, key=lambda row: row.generation.id)[:limit]]

    async def reserve(self, generator: str, images: int, per_minute: int) -> float:
        now, book = self._clock(), self._book
        book.reserved = [reserved for reserved in book.reserved if abs(now - reserved[1]) < MINUTE]
        taken = [(at, count) for name, at, count in book.reserved if name == generator]
        excess = sum(count for _, count in taken) + images - per_minute
        if excess <= 0:
            book.reserved.append((generator, now, images))
            return 0
        room_at = _room_at(taken, excess)
        return MINUTE.total_seconds() if room_at is None else (room_at + MINUTE - now).total_seconds()

    async def usage(self, since: datetime, caller: str | None = None) -> Sequence[Usage]:
        accounts = defaultdict[tuple[date, str, str, str], list[Generation]](list)
        for kept in self._generations():
            if kept.created_at >= since and caller in (None, kept.caller) and counted_images(kept):
                day, version = kept.created_at.astimezone(UTC).date(), kept.request.version.value
                accounts[day, kept.caller, version, kept.reserved.currency if kept.reserved else ""].append(kept)
        return [
            Usage(
                caller=subject,
                version=version,
                day=day,
                images=sum(counted_images(one) for one in account),
                drawn=sum(self._book.rows[one.id].drawn for one in account),
                stored=sum(len(one.images) for one in account),
                unknown=sum(one.request.samples for one in account if one.state is State.UNKNOWN),
                cost=Money.of_millionths(sum(one.reserved.millionths for one in account if one.reserved), currency)
                if currency
                else None,
            )
            for (day, subject, version, currency), account in sorted(accounts.items())
        ]

    async def durations(self, like: GenerationRequest) -> Sequence[timedelta]:
        lasted = [
            (kept.finished_at, kept)
            for kept in self._generations()
            if kept.finished_at and kept.state is State.STORED and kept.images and kept.request.version == like.version
        ]
        latest = sorted(lasted, key=lambda one: one[0], reverse=True)[:100]
        return [
            at - kept.created_at
            for at, kept in latest
            if like.pixels <= 2 * kept.request.pixels <= 4 * like.pixels and at > kept.created_at and not kept.lifted
        ]

    async def date_back(self, now: datetime) -> int:
        ahead, dated = too_far_ahead(now), 0
        for row in self._book.rows.values():
            kept = row.generation
            if max(kept.created_at, kept.finished_at or kept.created_at) < ahead:
                continue
            created_at = now if kept.created_at >= ahead else kept.created_at
            row.generation = replace(kept, created_at=created_at, finished_at=kept.finished_at and now)
            dated += 1
        for webhook in self._book.webhooks.values():
            set_at = webhook.claimed_at if webhook.attempts else webhook.due_at
            if webhook.due_at and set_at and min(webhook.due_at, set_at) >= ahead:
                webhook.due_at = now
        return dated

    async def sweepable(self, *, erase_before: datetime | None, forget_before: datetime | None) -> Sequence[Generation]:
        def is_due(kept: Generation) -> bool:
            if kept.to_be_emptied:
                return True
            erase = erase_before is not None and kept.created_at < erase_before
            forget = forget_before is not None and kept.created_at < forget_before and kept.prompts_kept
            return kept.state.final and kept.erased_at is None and (erase or forget)

        return [kept for kept in self._generations() if is_due(kept)]

    async def check(self) -> None:
        """Return: it can always be written."""

    async def images(self) -> AsyncIterator[ImageOnRecord]:
        for kept in list(self._generations()):
            for image in kept.waiting:
                yield ImageOnRecord(image.key, waits=True)
            for image in kept.images:
                yield ImageOnRecord(image.key, waits=False)
                if image.preview and image.preview.key:
                    yield ImageOnRecord(image.preview.key, waits=not image.preview.stored)
            for removed in kept.removed:
                for key in removed.keys:
                    yield ImageOnRecord(key, waits=False)

    def _generations(self) -> Iterator[Generation]:
        return (row.generation for row in self._book.rows.values())

    def _is_abandoned(self, row: _Row, at_work: Container[str]) -> bool:
        nobody_is_at_it = row.generation.id not in at_work if row.worker == self.worker else not self._lives(row.worker)
        return not row.generation.state.final and nobody_is_at_it

    def _same(self, one: Call, other: Call) -> bool:
        return (one.caller, one.body) == (other.caller, other.body)

    def _cut_at(self, one: _Call) -> datetime | None:
        return one.cut_at if self._lives(one.worker) else one.cut_at or self._book.died[one.worker]

    def _lives(self, worker: str) -> bool:
        return worker in self._book.living

    def _hold_to(self, check: Check, now: datetime) -> None:
        recent = [kept for kept in self._generations() if kept.created_at > now - WINDOW]
        taken = [(kept.created_at, check.counted(kept)) for kept in recent]
        excess = check.excess(sum(amount for _, amount in taken))
        if excess > 0:
            raise check.refused(now=now, room_at=_room_at(taken, excess))


class InMemoryWebhookLedger(WebhookLedger):
    """The webhooks of a ledger in memory."""

    def __init__(self, book: _Book) -> None:
        self._book = book

    async def claim(self, limit: int, *, now: datetime, until: datetime) -> Sequence[Delivery]:
        due = [
            (webhook, generation)
            for id_, webhook in self._book.webhooks.items()
            if webhook.due_at and webhook.due_at <= now and (generation := self._book.rows[id_].generation).finished_at
        ]
        for webhook, _ in due[:limit]:
            webhook.due_at, webhook.attempts, webhook.claimed_at = until, webhook.attempts + 1, now
        return [Delivery(generation, webhook.attempts) for webhook, generation in due[:limit]]

    async def forget(self, delivery: Delivery) -> None:
        if self._is_still(delivery):
            self._book.webhooks.pop(delivery.generation.id, None)

    async def put_off(self, delivery: Delivery, until: datetime | None, *, attempted: bool = True) -> None:
        webhook = self._book.webhooks.get(delivery.generation.id)
        if webhook and webhook.attempts == delivery.attempt and self._is_still(delivery):
            webhook.due_at = until
            webhook.attempts -= not attempted

    def _is_still(self, delivery: Delivery) -> bool:
        """Return whether the generation has no later revision; if it has, it may have been lifted, and is due again."""
        row = self._book.rows.get(delivery.generation.id)
        return row is not None and row.generation.revision == delivery.generation.revision

    async def backlog(self) -> Backlog:
        waiting = sum(webhook.due_at is not None for webhook in self._book.webhooks.values())
        return Backlog(waiting, len(self._book.webhooks) - waiting)


def _dated_as(row: _Row, generation: Generation) -> Generation:
    """Return the generation with `created_at` as in the row, which may have been redated since."""
    return replace(generation, created_at=row.generation.created_at)


def _room_at(taken: Sequence[tuple[datetime, int]], excess: int) -> datetime | None:
    """Return the time of the entry with which, in their order, at least `excess` will have left; None if never."""
    for at, amount in sorted(taken):
        excess -= amount
        if excess <= 0:
            return at
    return None
