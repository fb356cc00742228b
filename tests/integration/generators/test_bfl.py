"""The generator for Black Forest Labs against its simulator: the rules for every generator, and its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from darkroom.adapters.conformance import collected, draw, full_request, plain_request
from darkroom.adapters.generators.bfl import open_bfl, parse_models
from darkroom.adapters.generators.bfl.task import BflOrder
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.money import Money
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import ImageGenerator
from integration.generators.bfl_provider import BflProvider, bfl_provider
from integration.generators.queue_contract import QueueContract
from simulators.bfl import bfl_simulator
from simulators.bfl.order import FLEX, PRO


@pytest.fixture
async def provider() -> AsyncIterator[BflProvider]:
    async with bfl_provider() as running:
        yield running


class TestBfl(QueueContract):
    situations = BflProvider.situations()
    stumbles = ("poll-500", "poll-429", "poll-reset", "poll-garbage", "not-found-any-more")
    astray = (*QueueContract.astray, "polling-stranger")
    no_references = (
        *QueueContract.no_references,
        b"{}",
        b'{"id": "1", "polling_url": "https://api.bfl.ai.evil.example/"}',
        b'{"id": "1"}',
    )


async def test_an_order_has_the_form_that_bfl_expects(generator: ImageGenerator, provider: BflProvider) -> None:
    await draw(generator, full_request(generator.cards[0]))

    (call,) = provider.simulator.calls
    assert call.url.endswith(f"/v1/{PRO}")
    assert call.headers["x-key"] == provider.key
    assert "authorization" not in call.headers
    assert call.body == {
        "prompt": full_request(generator.cards[0]).prompt.value,
        "width": 80,
        "height": 64,
        "seed": 2**32 - 1,
        "output_format": "png",
        "safety_tolerance": 5,
    }


async def test_prompts_are_not_rewritten_unless_the_operator_turns_that_on(provider: BflProvider) -> None:
    for also in ("", " prompt_upsampling=true"):
        async with provider.opened(models=parse_models([f"flex={FLEX} 64-512/16{also}"])) as generator:
            await draw(generator, plain_request(generator.cards[0]))

    assert [call.body["prompt_upsampling"] for call in provider.simulator.calls] == [False, True]


async def test_the_cost_of_a_task_is_known_when_it_is_ordered(generator: ImageGenerator, provider: BflProvider) -> None:
    request = plain_request(generator.cards[0], samples=2)
    assert (await generator.submit(request, "key")).cost == Money(Decimal("0.06"), "USD")

    provider.simulator.faults.set("cost-missing", times=1)
    assert (await generator.submit(request, "another")).cost is None


@pytest.mark.parametrize("cost", [None, "3", True, -1, 1e300, [3]])
def test_a_cost_that_is_not_a_number_of_credits_is_unknown(cost: object) -> None:
    assert BflOrder("1", "https://api.bfl.ai/x", cost).price is None


@pytest.mark.parametrize(
    ("fault", "error", "charged"),
    [
        ("request-moderated", PromptRejected, Charged.UNKNOWN),
        ("content-moderated", PromptRejected, Charged.UNKNOWN),
        ("error", OutcomeUnknown, Charged.UNKNOWN),
        ("failed", OutcomeUnknown, Charged.UNKNOWN),
        ("not-found-any-more", OutcomeUnknown, Charged.UNKNOWN),
        ("result-null", UnusableImage, Charged.YES),
        ("polling-stranger", UnusableImage, Charged.YES),
        ("error-no-credits", GeneratorRefused, Charged.NO),
    ],
)
async def test_each_failed_task_reports_whether_it_was_charged(
    generator: ImageGenerator, provider: BflProvider, fault: str, error: type[DrawingFailed], charged: Charged
) -> None:
    provider.simulator.faults.set(fault)
    images, failure = await draw(generator, plain_request(generator.cards[0]))

    assert images == {}
    assert (type(failure), failure and failure.charged) == (error, charged)


async def test_the_reason_for_a_moderation_is_logged(
    generator: ImageGenerator, provider: BflProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.simulator.faults.set("request-moderated")
    await draw(generator, plain_request(generator.cards[0]))

    assert "the provider says: Derivative Works Filter" in caplog.messages


async def test_a_task_that_does_not_end_has_an_unknown_outcome() -> None:
    async with (
        bfl_simulator(seconds_per_image=3600) as simulator,
        open_bfl(
            api_key=simulator.api_key,
            base_url=simulator.base_url,
            models=parse_models([f"pro={PRO} 64-512/16 seed"]),
            polling_hosts=[simulator.polling_host],
            image_hosts=[simulator.base_url],
            drawing_timeout=0.3,
        ) as generator,
    ):
        _, failure = await draw(generator, plain_request(generator.cards[0]))

    assert (type(failure), failure and failure.charged) == (OutcomeUnknown, Charged.UNKNOWN)


async def test_a_task_beyond_the_limit_of_running_tasks_is_refused_for_free() -> None:
    async with bfl_provider(tasks_at_once=2) as provider, provider.opened() as generator:
        request = plain_request(generator.cards[0])
        for number in range(2):
            await generator.submit(request, f"{number}")
        _, failure = await draw(generator, request)

    assert (type(failure), failure and failure.charged) == (GeneratorUnavailable, Charged.NO)
    assert provider.charged_images == 2


async def test_a_link_expires_after_ten_minutes() -> None:
    now = 1_800_000_000.0
    async with (
        bfl_simulator(clock=lambda: now) as simulator,
        open_bfl(
            api_key=simulator.api_key,
            base_url=simulator.base_url,
            models=parse_models([f"pro={PRO} 64-512/16 seed"]),
            polling_hosts=[simulator.polling_host],
            image_hosts=[simulator.base_url],
            fetch_timeout=1.0,
        ) as generator,
    ):
        request = plain_request(generator.cards[0])
        receipt = await generator.submit(request, "key")
        assert await collected(generator, request, receipt)
        now += 600
        with pytest.raises(UnusableImage):
            await collected(generator, request, receipt)


async def test_progress_is_reported(generator: ImageGenerator) -> None:
    request = plain_request(generator.cards[0])
    assert await generator.progress(request, "key", None) is None

    receipt = await generator.submit(request, "key")
    assert await generator.progress(request, "key", receipt) == Progress(position=0, step=50, steps=100)


async def test_check_reports_the_credits_left_and_a_wrong_key(provider: BflProvider) -> None:
    async with provider.opened() as generator:
        assert "which has 1000 credits" in await generator.check()
    async with provider.opened(api_key="wrong") as generator:
        with pytest.raises(GeneratorRefused, match="does not accept our key"):
            await generator.check()
