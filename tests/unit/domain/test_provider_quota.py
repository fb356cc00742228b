"""A provider's quota counts the images that it is asked for, and orders wait for room in it."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from conformance.generations import NOON, received
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.model.errors import GeneratorUnavailable, Superseded
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.policy import Policy
from darkroom.domain.use_cases.meter import METER
from darkroom.domain.use_cases.provider_quota import ProviderQuota
from simulation.life import now
from simulation.virtual_time import run

POLICY: Final = Policy(images_per_minute={"karlo": 4}, begin_timeout=1.0, call_timeout=1.0)
ONE_BY_ONE: Final = frozenset({"v2.1"})


async def test_a_cancelled_order_uses_up_no_quota() -> None:
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


async def ordered(ledger: InMemoryGenerationLedger, samples: int) -> Generation:
    order = received(samples=samples)
    return await ledger.receive(order, Limits())


@pytest.mark.parametrize(("one_by_one", "taken"), [(frozenset(), 3), (ONE_BY_ONE, 1)])
def test_an_order_reserves_all_its_images_or_only_the_first_if_each_is_a_call(
    one_by_one: frozenset[str], taken: int
) -> None:
    async def story() -> None:
        ledger = InMemoryGenerationLedger(now)
        await ProviderQuota(ledger, POLICY, one_by_one=one_by_one).reserve(await ordered(ledger, 3))
        assert await ledger.reserve("karlo", 4 - taken, 4) == 0
        assert await ledger.reserve("karlo", 1, 4) > 0

    run(story())


def test_an_order_waits_a_short_time_for_room_and_is_refused_if_it_would_take_long() -> None:
    async def story() -> None:
        ledger, clock = InMemoryGenerationLedger(now), asyncio.get_running_loop().time
        quota = ProviderQuota(ledger, POLICY)
        assert await ledger.reserve("karlo", 4, 4) == 0
        await asyncio.sleep(49)
        with pytest.raises(GeneratorUnavailable, match="quota is used up") as refused:
            await quota.reserve(await ordered(ledger, 1))
        assert (refused.value.retry_after, clock()) == (11, 49)

        await asyncio.sleep(1.5)
        await quota.reserve(await ordered(ledger, 4))
        assert 60 <= clock() < 61

    run(story())


def test_an_order_larger_than_the_whole_quota_is_refused_at_once() -> None:
    async def story() -> None:
        ledger = InMemoryGenerationLedger(now)
        with pytest.raises(GeneratorUnavailable, match="5 images at once are more than the provider's quota of 4"):
            await ProviderQuota(ledger, POLICY).reserve(await ordered(ledger, 5))
        await ProviderQuota(ledger, POLICY).reserve(await ordered(ledger, 4))

        ledger = InMemoryGenerationLedger(now)
        await ProviderQuota(ledger, POLICY, one_by_one=ONE_BY_ONE).reserve(await ordered(ledger, 8))

    run(story())


def test_samples_that_are_asked_for_one_by_one_are_sent_when_the_quota_has_room() -> None:
    async def story() -> None:
        ledger, clock = InMemoryGenerationLedger(now), asyncio.get_running_loop().time
        quota, order = ProviderQuota(ledger, POLICY, one_by_one=ONE_BY_ONE), await ordered(ledger, 6)
        await quota.reserve(order)
        with quota.metering(order):
            meter = METER.get()
            assert meter
            left = []
            for _ in range(6):
                await meter(100.0)
                left.append(round(clock()))
            assert left == [0, 0, 0, 0, 60, 60]
            for _ in range(2):
                await meter(100.0)
            with pytest.raises(GeneratorUnavailable) as refused:
                await meter(100.0)
            assert refused.value.retry_after == 60
        assert METER.get() is None

    run(story())


def test_a_sample_waits_for_a_ledger_that_does_not_answer_and_fails_only_at_its_deadline() -> None:
    class Away(InMemoryGenerationLedger):
        away = False

        async def reserve(self, generator: str, images: int, per_minute: int) -> float:
            if self.away:
                raise MemoryError
            return await super().reserve(generator, images, per_minute)

    async def story() -> None:
        ledger, clock = Away(now), asyncio.get_running_loop().time
        quota, order = ProviderQuota(ledger, POLICY, one_by_one=ONE_BY_ONE), await ordered(ledger, 2)
        await quota.reserve(order)
        with quota.metering(order):
            meter = METER.get()
            assert meter
            await meter(50.0)
            ledger.away = True
            leaving = asyncio.ensure_future(meter(50.0))
            await asyncio.sleep(10.5)
            assert not leaving.done()
            ledger.away = False
            await leaving
            assert 10.5 <= clock() <= 11.5

            ledger.away = True
            with pytest.raises(GeneratorUnavailable):
                await meter(20.0)
            assert 19 <= clock() <= 20

    run(story())


@pytest.mark.parametrize("policy", [Policy(), POLICY])
def test_nothing_is_metered_without_a_quota_or_if_one_call_draws_all_samples(policy: Policy) -> None:
    async def story() -> None:
        ledger = InMemoryGenerationLedger(now)
        quota = ProviderQuota(ledger, policy)
        order = await ordered(ledger, 4)
        await quota.reserve(order)
        with quota.metering(order):
            assert METER.get() is None

    run(story())
