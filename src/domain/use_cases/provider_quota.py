"""A provider's quota: images in a minute, for all processes together."""

import asyncio
import logging
from collections.abc import Container, Iterator
from contextlib import contextmanager
from functools import partial

from darkroom.domain.model.errors import GeneratorUnavailable, Superseded
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.policy import Policy
from darkroom.domain.ports import GenerationLedger
from darkroom.domain.use_cases.meter import METER, Meter
from darkroom.domain.use_cases.patience import before_money, once

log = logging.getLogger(__name__)


class ProviderQuota:
    """Delays an order until its provider's quota has room, or refuses it before it costs anything.

    An order that is one request needs room for all its images. If each sample is a request, `reserve` reserves the
    first one, and the generator awaits the `METER` before each of the others.
    """

    def __init__(
        self,
        ledger: GenerationLedger,
        policy: Policy,
        *,
        one_by_one: Container[str] = frozenset(),
        longest_wait: float = 10.0,
    ) -> None:
        """`one_by_one`: versions of models that get one request for each sample; `longest_wait` in seconds."""
        self._ledger, self._policy, self._longest_wait = ledger, policy, longest_wait
        self._one_by_one = one_by_one

    async def reserve(self, generation: Generation) -> None:
        """Reserve quota for a generation's images, or for the first one; wait up to `longest_wait` for room.

        Raises:
            GeneratorUnavailable: there is no room soon enough, or never for this many images.
            Superseded: its owner cancelled it, or another worker took it; nothing was reserved.
            LedgerUnavailable, InternalFault: as `before_money`.
        """
        per_minute = self._policy.images_per_minute.get(generation.generator)
        if per_minute is None:
            return
        images = 1 if generation.model.value in self._one_by_one else generation.request.samples
        waited = 0.0
        reserve = partial(self._ledger.reserve, generation.generator, images, per_minute)
        if images > per_minute:
            raise GeneratorUnavailable(f"{images} images at once are more than the provider's quota of {per_minute}")
        while True:
            written = await before_money(lambda: self._ledger.find(generation.id), generation, self._policy)
            if written is None or written.revision != generation.revision:
                raise Superseded(generation.id)
            wait = await before_money(reserve, generation, self._policy)
            if not wait:
                return
            if waited + wait > self._longest_wait:
                raise GeneratorUnavailable("the provider's quota is used up", retry_after=max(1, round(wait)))
            waited += wait
            await asyncio.sleep(wait)

    @contextmanager
    def metering(self, generation: Generation) -> Iterator[None]:
        """Set the `METER` for a generation within the block; the first image does not wait, as it was reserved."""
        per_minute = self._policy.images_per_minute.get(generation.generator)
        if per_minute is None or generation.model.value not in self._one_by_one:
            yield
            return
        before = METER.set(self._meter(generation.generator, per_minute))
        try:
            yield
        finally:
            METER.reset(before)

    def _meter(self, generator: str, per_minute: int) -> Meter:
        reserved = 1

        async def leave(until: float) -> None:
            nonlocal reserved
            if reserved:
                reserved -= 1
                return
            clock = asyncio.get_running_loop().time
            while True:
                try:
                    wait = await once(
                        lambda: self._ledger.reserve(generator, 1, per_minute), timeout=self._policy.call_timeout
                    )
                except Exception as fault:  # noqa: BLE001  # other samples were paid for: wait, whatever the fault
                    log.warning("the quota of %s cannot be read: %r", generator, fault)
                    wait = 1.0
                if not wait:
                    return
                if clock() + wait > until:
                    raise GeneratorUnavailable("the provider's quota is used up", retry_after=max(1, round(wait)))
                await asyncio.sleep(wait)

        return leave
