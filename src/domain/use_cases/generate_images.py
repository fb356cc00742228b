"""The main use case: takes an order, returns links to its stored images, and pays for it once."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from darkroom.domain.model.errors import (
    Charged,
    DarkroomError,
    Gone,
    IdempotencyKeyReused,
    InternalFault,
    LedgerUnavailable,
    ModelForbidden,
    Overloaded,
    StorageUnavailable,
)
from darkroom.domain.model.generation import Fallback, Generation, GenerationRequest, State
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.order import Order
from darkroom.domain.model.policy import Policy
from darkroom.domain.model.values import IdempotencyKey, ModelVersion, WebhookUrl
from darkroom.domain.ports import GenerationLedger, ImageGenerator, ImageSpool, ImageStorage
from darkroom.domain.use_cases.links import LinkedImage, linked
from darkroom.domain.use_cases.patience import OutOfPatience, patiently, pauses
from darkroom.domain.use_cases.work import Known, Watch, Work

log = logging.getLogger(__name__)

_A_LITTLE: Final = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an order so far.

    `images` are stored; `error` says why images are missing, None if none is or if it is still being drawn for a
    caller that does not wait. `replay`: the caller's key already stood for it. `promised`: the caller does not wait,
    and it will be drawn.
    """

    generation: Generation
    replay: bool
    images: tuple[LinkedImage, ...] = ()
    error: DarkroomError | None = None
    promised: bool = False


class GenerateImages:
    """Draws orders with an `ImageGenerator`, and keeps their images in an `ImageStorage`."""

    def __init__(
        self,
        generator: ImageGenerator,
        storage: ImageStorage,
        spool: ImageSpool,
        ledger: GenerationLedger,
        *,
        cards: Mapping[str, ModelCard],
        policy: Policy,
        clock: Callable[[], datetime],
        watch: Watch = lambda _: nullcontext(),
        stored: Callable[[Generation], None] = lambda _: None,
    ) -> None:
        """`cards` are by version; `stored` as for `Work`."""
        self._storage, self._ledger = storage, ledger
        self._cards, self._policy, self._clock = cards, policy, clock
        self.work = Work(generator, storage, spool, ledger, policy=policy, clock=clock, watch=watch, stored=stored)

    async def __call__(
        self,
        order: Order,
        caller: Caller,
        key: IdempotencyKey | None = None,
        *,
        wait: bool = True,
        webhook: WebhookUrl | None = None,
    ) -> Outcome:
        """Record the order, draw it and store its images, or return the outcome of the order that its key stands for.

        Without `wait` it returns once the order is promised: it will be drawn, also after a crash. If the caller waits,
        a crash before the request is sent to the provider drops the order. `webhook` is called at its end.

        Raises:
            IdempotencyKeyReused: the key stands for another order, or for one without that webhook.
            Gone: the order that the key stands for was deleted.
            ModelForbidden: the caller may not order that model.
            QuotaExceeded, SpendLimit, Overloaded: not now; nothing was begun.
            LedgerUnavailable, InternalFault: not now. Charged no: nothing was begun. Charged unknown: the order may
                have been recorded, or its key may stand for an earlier one.
        """
        accepted = await self._accepted(order, caller, key, wait=wait, webhook=webhook)
        return accepted if accepted.promised else await self._ended(accepted)

    async def _accepted(
        self, order: Order, caller: Caller, key: IdempotencyKey | None, *, wait: bool, webhook: WebhookUrl | None
    ) -> Outcome:
        """Record the order, or find the one that its key stands for."""
        new = self._generation(order, caller, key, promised=not wait, webhook=webhook)
        limits = self._policy.limits.of(caller)
        # If the ledger fails, the key may stand for an earlier order, or the promise may have been recorded.
        charged = Charged.UNKNOWN if key or not wait else Charged.NO
        try:
            try:
                kept = await self.work.receive(limits.allowed(new), limits)
            except (ModelForbidden, Overloaded) as refusal:
                kept = await self._known_by_key(new, refusal)
            self._hold_to_its_order(kept, new)
            if not wait and kept.state is State.RECEIVED and not kept.promised:
                kept = await self._ledger.promise(kept.id) or kept
        except LedgerUnavailable as fault:
            if charged is Charged.UNKNOWN:
                fault.charged = charged
            raise
        except DarkroomError:
            raise
        except Exception as fault:
            log.exception("an order could not be received")
            raise InternalFault(
                "the service had an internal error while it received the order", charged=charged
            ) from fault
        return Outcome(kept, replay=kept.id != new.id, promised=not wait and not kept.state.final)

    async def _ended(self, accepted: Outcome) -> Outcome:
        """Wait until the order can be answered, and add links to its stored images."""
        known = await self._known(accepted.generation)
        generation, error = known.generation, self._error(known)
        try:
            images = await linked(generation, self._storage)
        except StorageUnavailable as fault:
            return replace(accepted, generation=generation, error=fault)
        return replace(accepted, generation=generation, images=images, error=error)

    def _generation(
        self,
        order: Order,
        caller: Caller,
        key: IdempotencyKey | None,
        *,
        promised: bool,
        webhook: WebhookUrl | None,
    ) -> Generation:
        card = self._cards[order.version.value]
        model, *others = self._policy.chains.get(order.version.value, (order.version.value,))
        request = GenerationRequest.settle(order, card)
        return Generation(
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
            promised=promised,
            webhook=webhook,
            cost=card.cost_of(request.size, request.samples),
        )

    async def _known_by_key(self, new: Generation, refusal: ModelForbidden | Overloaded) -> Generation:
        """Return the order that the key stands for, which needs no room and no permission; else raise `refusal`."""
        known = new.key and await self._ledger.find_by_key(new.caller, new.key)
        if not known:
            raise refusal
        return known

    def _hold_to_its_order(self, kept: Generation, new: Generation) -> None:
        if kept.fingerprint != new.fingerprint:
            raise IdempotencyKeyReused("this idempotency key stands for another order")
        if kept.erased_at:
            raise _deleted(kept)
        if new.webhook not in (None, kept.webhook):
            raise IdempotencyKeyReused("this idempotency key stands for an order without that webhook")

    async def _known(self, generation: Generation) -> Known:
        """Wait until the generation has ended, or is `drawn` and storing takes long.

        Raises:
            Gone: it was deleted meanwhile.
            LedgerUnavailable, InternalFault: the provider was not asked (charged no), or the outcome cannot be read or
                recorded (charged unknown).
        """
        loop, patience = asyncio.get_running_loop(), self._policy.patience
        began, waited, waits = loop.time(), 0.0, pauses()
        while True:
            here = await self.work.answer(generation.id)
            known = here or await self._found(generation)
            # `Work.answer` has already waited for the patience of the first caller; one that has just arrived still
            # waits `_A_LITTLE`.
            enough = loop.time() - began >= min(_A_LITTLE, patience) if here else waited > patience
            state = known.generation.state
            if known.generation.erased_at:
                raise _deleted(known.generation)
            if state.final or (enough and state is State.DRAWN):
                return known
            # Another process draws it, or the storage may come back: the ledger will show either.
            step = min(next(waits), 1.0)
            await asyncio.sleep(step)
            waited += step if state is State.DRAWN else 0.0

    async def _found(self, generation: Generation) -> Known:
        find, timeout = partial(self._ledger.find, generation.id), self._policy.call_timeout
        try:
            found = await patiently(find, "the ledger", timeout=timeout, within=self._policy.patience)
        except OutOfPatience as fault:
            raise LedgerUnavailable("the ledger does not answer", charged=Charged.UNKNOWN) from fault
        return Known(found or generation)

    def _error(self, known: Known) -> DarkroomError | None:
        if known.in_memory and known.generation.state is State.DRAWN:
            return StorageUnavailable("drawn, but in memory only: neither the spool nor the storage accepts it now")
        return known.generation.error


def _deleted(generation: Generation) -> Gone:
    return Gone("the images of this order were deleted", charged=generation.charged)
