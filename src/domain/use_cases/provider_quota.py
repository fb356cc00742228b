"""A provider's own quota: images a minute, for all processes together."""

import asyncio
from functools import partial

from darkroom.domain.model.errors import GeneratorUnavailable, Superseded
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.policy import Policy
from darkroom.domain.ports import GenerationLedger
from darkroom.domain.use_cases.patience import before_money


class ProviderQuota:
    """Makes an order wait until its provider's quota has room for it, or turns it away before it costs anything."""

    def __init__(self, ledger: GenerationLedger, policy: Policy, *, longest_wait: float = 10.0) -> None:
        """`longest_wait` in seconds."""
        self._ledger, self._policy, self._longest_wait = ledger, policy, longest_wait

    async def reserve(self, generation: Generation) -> None:
        """Take the generation's images out of the quota, waiting a little where that helps.

        Raises:
            GeneratorUnavailable: there will be no room soon enough.
            Superseded: its owner took it back while it waited; nothing was taken out.
            LedgerUnavailable: the ledger does not answer.
        """
        per_minute = self._policy.images_per_minute.get(generation.generator)
        if per_minute is None:
            return
        images, waited = generation.request.samples, 0.0
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
