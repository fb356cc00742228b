"""A provider's quota is for what is asked of it."""

from __future__ import annotations

import pytest

from conformance.generations import NOON, received
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.model.errors import GeneratorUnavailable, Superseded
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.policy import Policy
from darkroom.domain.use_cases.provider_quota import ProviderQuota


async def test_what_its_owner_took_back_takes_nothing_out_of_it() -> None:
    ledger = InMemoryGenerationLedger(lambda: NOON)
    quota = ProviderQuota(ledger, Policy(images_per_minute={"karlo": 8}), longest_wait=0)
    taken_back, meant = received(samples=8), received(samples=8)
    for order in (taken_back, meant):
        await ledger.receive(order, Limits())
    await ledger.record(taken_back.cancelled(NOON))

    with pytest.raises(Superseded):
        await quota.reserve(taken_back)

    await quota.reserve(meant)
    with pytest.raises(GeneratorUnavailable):
        await quota.reserve(meant)
