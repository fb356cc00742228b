"""The generator for fal against its simulator: the rules for every generator, and its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from darkroom.adapters.conformance import draw, full_request, plain_request
from darkroom.adapters.generators.fal import open_fal, parse_models
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import ImageGenerator
from integration.generators.fal_provider import FalProvider, fal_provider
from integration.generators.queue_contract import QueueContract
from simulators.fal import fal_simulator
from simulators.fal.order import FLUX


@pytest.fixture
async def provider() -> AsyncIterator[FalProvider]:
    async with fal_provider() as running:
        yield running


class TestFal(QueueContract):
    situations = FalProvider.situations()
    stumbles = (
        *("poll-500", "poll-429", "poll-reset", "status-missing"),
        *("result-ingress-page", "result-error-unexplained"),
    )
    astray = (*QueueContract.astray, "order-elsewhere")
    no_references = (
        *QueueContract.no_references,
        b"{}",
        b'{"status_url": "https://evil.example/a", "response_url": "https://evil.example/b", "cancel_url": "https://x/c"}',
    )


async def test_an_order_has_the_form_that_fal_expects_and_forbids_retries(
    generator: ImageGenerator, provider: FalProvider
) -> None:
    request = full_request(generator.cards[0])
    await draw(generator, request)

    (call,) = provider.simulator.calls
    assert call.url.endswith(f"/{FLUX}")
    assert call.headers["authorization"] == f"Key {provider.key}"
    assert call.headers["x-fal-no-retry"] == "1"
    assert call.headers["x-app-fal-disable-fallback"] == "true"
    assert call.headers["x-fal-request-timeout"] == "60"
    assert call.body == {
        "prompt": request.prompt.value,
        "image_size": {"width": 80, "height": 64},
        "seed": 2**32 - 1,
        "num_inference_steps": request.parameters.given.get("num_inference_steps"),
        "guidance_scale": request.parameters.given.get("guidance_scale"),
        "output_format": "png",
    }


async def test_an_order_that_never_begins_is_cancelled() -> None:
    async with (
        fal_simulator() as simulator,
        open_fal(
            api_key=simulator.api_key,
            base_url=simulator.base_url,
            models=parse_models([f"flux={FLUX} 64-512/16 seed"]),
            image_hosts=[simulator.base_url],
            drawing_timeout=0.1,
        ) as generator,
    ):
        request = plain_request(generator.cards[0])
        simulator.faults.set("poll-black-hole", times=1)
        _, failure = await draw(generator, request)

        assert simulator.taken_back == 1
        assert (type(failure), failure and failure.charged) == (OutcomeUnknown, Charged.UNKNOWN)


@pytest.mark.parametrize(
    ("fault", "error", "charged"),
    [
        ("result-runner-disconnected", GeneratorUnavailable, Charged.NO),
        ("result-error-in-header", GeneratorUnavailable, Charged.NO),
        ("result-taken-back", OutcomeUnknown, Charged.UNKNOWN),
        ("result-policy", PromptRejected, Charged.UNKNOWN),
        ("result-value-error", OutcomeUnknown, Charged.UNKNOWN),
        ("result-flagged", PromptRejected, Charged.YES),
        ("result-images-null", UnusableImage, Charged.YES),
        ("result-gone", OutcomeUnknown, Charged.UNKNOWN),
    ],
)
async def test_one_failed_order_does_not_lose_the_others(
    generator: ImageGenerator, provider: FalProvider, fault: str, error: type[DrawingFailed], charged: Charged
) -> None:
    provider.simulator.faults.set(fault, times=1)
    images, failure = await draw(generator, plain_request(generator.cards[0], samples=3))

    assert len(images) == 2
    assert (type(failure), failure and failure.charged) == (error, charged)


async def test_a_model_may_answer_with_a_single_image(generator: ImageGenerator, provider: FalProvider) -> None:
    provider.simulator.faults.set("result-single-image")

    assert (await draw(generator, plain_request(generator.cards[0])))[1] is None


async def test_progress_reports_the_position_in_the_queue(generator: ImageGenerator) -> None:
    request = plain_request(generator.cards[0])
    assert await generator.progress(request, "key", None) is None

    receipt = await generator.submit(request, "key")
    assert await generator.progress(request, "key", receipt) == Progress(position=1)


async def test_check_reports_a_wrong_key(provider: FalProvider) -> None:
    async with provider.opened(api_key="wrong:key") as generator:
        with pytest.raises(GeneratorRefused, match="refuses our key"):
            await generator.check()
