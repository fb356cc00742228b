"""The use case: an order goes in, stored images come out, and it is paid once."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from darkroom.domain.model.errors import Charged, Gone, IdempotencyKeyReused, LedgerUnavailable, Overloaded, Superseded
from darkroom.domain.model.generation import Fallback, Generation, GenerationRequest, State
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.limits import Caller, Limits
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.money import Money
from darkroom.domain.model.order import Order
from darkroom.domain.model.values import IdempotencyKey, ModelVersion, WebhookUrl
from darkroom.domain.ports import GenerationLedger
from darkroom.domain.use_cases.patience import patiently, pauses
from darkroom.domain.use_cases.running_generations import RunningGenerations

_A_LITTLE: Final = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Accepted:
    """The generation that an order stands for; `replay` where its key stood for it before."""

    generation: Generation
    replay: bool


class GenerateImages:
    """Accepts orders and waits for what becomes of them."""

    def __init__(
        self,
        *,
        cards: Mapping[str, ModelCard],
        ledger: GenerationLedger,
        running: RunningGenerations,
        clock: Callable[[], datetime],
        images_per_day: int | None,
        spend_per_day: Money | None,
        patience: float,
        chains: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`cards` by version; limits as in `Limits`, `images_per_day` for callers whose token sets none.

        `patience`: seconds that a drawn generation of another process may take to be stored before its caller is told.
        `chains`: the models that may draw a version, in the order in which they are asked, where that is not only the
        one of its name.
        """
        self._cards, self._ledger, self._running, self._clock = cards, ledger, running, clock
        self._chains = chains or {}
        self._images_per_day, self._spend_per_day, self._patience = images_per_day, spend_per_day, patience

    async def accept(
        self,
        order: Order,
        caller: Caller,
        key: IdempotencyKey | None = None,
        *,
        promise: bool = False,
        webhook: WebhookUrl | None = None,
    ) -> Accepted:
        """Write the order down and begin to draw it, or find the one that its key stands for.

        `promise`: the caller will not wait, but is told at once that it will be drawn; so it is, even where a crash
        comes between. Of one who waits, what had not left for the provider is dropped with the crash.
        `webhook` is where it wants to be told of its end.

        Raises:
            IdempotencyKeyReused, Gone: what the key stands for is another order, or one of whose end nobody is told
                there; or it was deleted.
            QuotaExceeded, SpendLimit, Overloaded: not now; nothing was begun.
            LedgerUnavailable: not now. Charged no means that nothing was begun; of what is promised, or was under its
                key before, nobody knows.
        """
        card = self._cards[order.version.value]
        model, *others = self._chains.get(order.version.value, (order.version.value,))
        request = GenerationRequest.settle(order, card)
        generation = Generation(
            id=uuid7(),
            caller=caller.subject,
            request=request,
            model=ModelVersion(model),
            generator=card.generator,
            fallbacks=tuple(
                Fallback.to(self._cards[other], order, request) for other in others if order.suits(self._cards[other])
            ),
            fingerprint=order.fingerprint,
            created_at=self._clock(),
            key=key,
            promised=promise,
            webhook=webhook,
            cost=card.cost_of(request.samples),
        )
        try:
            kept = await self._receive(generation, caller)
            if kept.fingerprint != generation.fingerprint:
                raise IdempotencyKeyReused("this idempotency key stands for another order")
            if kept.erased_at:
                raise Gone("the images of this order were deleted", charged=kept.charged)
            if webhook not in (None, kept.webhook):
                raise IdempotencyKeyReused("this idempotency key stands for an order without that webhook")
            if promise:
                kept = await self._promised(kept)
        except LedgerUnavailable as fault:
            if promise or key:
                fault.charged = Charged.UNKNOWN
            raise
        return Accepted(kept, replay=kept.id != generation.id)

    async def outcome(self, generation: Generation) -> Generation:
        """Wait until the caller can be told something: its end, or `drawn` where storing takes its time.

        Raises:
            Gone: it was deleted meanwhile.
        """
        loop = asyncio.get_running_loop()
        began, waited, waits = loop.time(), 0.0, pauses()
        while True:
            here = await self._running.answer(generation.id)
            known = here or await patiently(lambda: self._ledger.find(generation.id)) or generation
            # Here it is late since before; who has only just come to ask waits a little all the same.
            enough = loop.time() - began >= min(_A_LITTLE, self._patience) if here else waited > self._patience
            if known.erased_at:
                raise Gone("the images of this order were deleted", charged=known.charged)
            if known.state.final or (known.state is State.DRAWN and enough):
                return known
            # Another process is at it, or the storage may be back any moment: the ledger is where it will show.
            step = min(next(waits), 1.0)
            await asyncio.sleep(step)
            waited += step if known.state is State.DRAWN else 0.0

    async def _receive(self, generation: Generation, caller: Caller) -> Generation:
        limits = Limits(
            self._images_per_day if caller.images_per_day is None else caller.images_per_day, self._spend_per_day
        )
        try:
            with self._running.room_for(generation):
                kept = await self._ledger.receive(generation, limits)
                if kept.id == generation.id:
                    self._running.start(kept)
                return kept
        except Overloaded:
            # A repeated order needs no room: it is there already.
            known = generation.key and await self._ledger.find_by_key(generation.caller, generation.key)
            if not known:
                raise
            return known

    async def _promised(self, generation: Generation) -> Generation:
        """It with a promise, where it was ordered by somebody who waits and has not left for the provider.

        Whoever is about to draw it finds it a revision further, and goes on from there.
        """
        while generation.state is State.RECEIVED and not generation.promised:
            promised = generation.promised_now()
            try:
                await self._ledger.record(promised)
            except Superseded:
                generation = await self._ledger.find(generation.id) or generation
            else:
                return promised
        return generation
