"""The generator for Replicate against its simulator: the rules for every generator, and its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from darkroom.adapters.conformance import collected, draw, full_request, plain_request
from darkroom.adapters.generators.replicate import open_replicate, parse_models
from darkroom.adapters.generators.replicate.prediction import Prediction
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.ports import ImageGenerator, Receipt
from integration.generators.queue_contract import QueueContract
from integration.generators.replicate_provider import ReplicateProvider, replicate_provider
from simulators.replicate import replicate_simulator
from simulators.replicate.order import SDXL


@pytest.fixture
async def provider() -> AsyncIterator[ReplicateProvider]:
    async with replicate_provider() as running:
        yield running


class TestReplicate(QueueContract):
    situations = ReplicateProvider.situations()
    stumbles = ("poll-500", "poll-429", "poll-reset", "poll-garbage", "status-missing")
    astray = (*QueueContract.astray, "created-elsewhere")


async def test_a_version_is_called_as_replicate_documents_it(
    generator: ImageGenerator, provider: ReplicateProvider
) -> None:
    await draw(generator, plain_request(generator.cards[0], first_seed=7))

    (call,) = provider.simulator.calls
    assert call.url.endswith("/v1/predictions")
    assert call.headers["authorization"] == f"Bearer {provider.key}"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["connection"] == "close"
    assert "prefer" not in call.headers
    prompt = plain_request(generator.cards[0]).prompt.value
    assert call.body == {"version": SDXL, "input": {"prompt": prompt, "seed": 7, "width": 64, "height": 64}}


async def test_an_official_model_is_called_by_its_name_with_the_declared_parameters(
    generator: ImageGenerator, provider: ReplicateProvider
) -> None:
    request = full_request(generator.cards[1])
    images, _ = await draw(generator, request)

    (call,) = provider.simulator.calls
    assert call.url.endswith("/v1/models/black-forest-labs/flux-dev/predictions")
    assert call.body == {
        "input": {
            "prompt": plain_request(generator.cards[1]).prompt.value,
            "seed": 2**32 - 1,
            "aspect_ratio": "1:1",
            "guidance": request.parameters.given.get("guidance_scale"),
            "output_format": "png",
            "go_fast": False,
        }
    }
    assert images[0].file.media_type is MediaType.PNG


async def test_a_prediction_is_polled_until_it_is_done() -> None:
    async with (
        replicate_simulator(seconds_per_image=0.3) as simulator,
        open_replicate(
            api_token=simulator.api_token,
            base_url=f"{simulator.base_url}/v1",
            models=parse_models([f"sdxl={SDXL} 64-512/8 seed"]),
            image_hosts=[simulator.base_url],
        ) as generator,
    ):
        images, failure = await draw(generator, plain_request(generator.cards[0], samples=2))

    assert (sorted(images), failure) == ([0, 1], None)


async def test_a_prediction_that_does_not_end_is_cancelled_and_charged() -> None:
    async with (
        replicate_simulator(seconds_per_image=3600) as simulator,
        open_replicate(
            api_token=simulator.api_token,
            base_url=f"{simulator.base_url}/v1",
            models=parse_models([f"sdxl={SDXL} 64-512/8 seed"]),
            image_hosts=[simulator.base_url],
            drawing_timeout=0.3,
        ) as generator,
    ):
        _, failure = await draw(generator, plain_request(generator.cards[0], samples=2))

        assert simulator.canceled == 2
    assert (type(failure), failure and failure.charged) == (UnusableImage, Charged.YES)


@pytest.mark.parametrize(
    ("fault", "error", "charged"),
    [
        ("failed-nsfw", PromptRejected, Charged.UNKNOWN),
        ("failed", OutcomeUnknown, Charged.UNKNOWN),
        ("aborted", GeneratorUnavailable, Charged.NO),
        ("canceled", UnusableImage, Charged.YES),
        ("canceled-before-it-began", OutcomeUnknown, Charged.UNKNOWN),
        ("output-null", UnusableImage, Charged.YES),
        ("poll-404", OutcomeUnknown, Charged.UNKNOWN),
    ],
)
async def test_one_failed_prediction_does_not_lose_the_others(
    generator: ImageGenerator,
    provider: ReplicateProvider,
    fault: str,
    error: type[DrawingFailed],
    charged: Charged,
) -> None:
    provider.simulator.faults.set(fault, times=1)
    images, failure = await draw(generator, plain_request(generator.cards[0], samples=3))

    assert len(images) == 2
    assert (type(failure), failure and failure.charged) == (error, charged)


async def test_a_prediction_that_never_begins_is_cancelled_and_may_have_been_charged() -> None:
    async with (
        replicate_simulator(seconds_per_image=3600) as simulator,
        open_replicate(
            api_token=simulator.api_token,
            base_url=f"{simulator.base_url}/v1",
            models=parse_models([f"sdxl={SDXL} 64-512/8 seed"]),
            image_hosts=[simulator.base_url],
            drawing_timeout=0.3,
        ) as generator,
    ):
        simulator.faults.set("never-begins")
        _, failure = await draw(generator, plain_request(generator.cards[0]))

        assert simulator.canceled == 1
    assert (type(failure), failure and failure.charged) == (OutcomeUnknown, Charged.UNKNOWN)
    assert failure is not None
    assert "before it began" in failure.detail


async def test_the_time_to_retry_after_is_read_from_the_body(
    generator: ImageGenerator, provider: ReplicateProvider
) -> None:
    provider.simulator.faults.set("error-throttled")
    _, failure = await draw(generator, plain_request(generator.cards[0]))

    assert failure is not None
    assert failure.retry_after == 12


async def test_the_models_error_is_kept_as_evidence_without_the_prompt(
    generator: ImageGenerator, provider: ReplicateProvider
) -> None:
    provider.simulator.faults.set("failed")
    _, failure = await draw(generator, plain_request(generator.cards[0]))

    assert failure is not None
    assert b"CUDA out of memory" in failure.evidence
    assert b"prompt" not in failure.evidence
    assert "CUDA" not in failure.detail


@pytest.mark.parametrize("prediction", [b"../account", b"\xff", b"x" * 65])
async def test_a_receipt_that_names_no_prediction_is_unusable(provider: ReplicateProvider, prediction: bytes) -> None:
    receipt = Receipt(msgspec.json.encode({"references": {0: prediction}}))
    async with provider.opened() as generator:
        with pytest.raises(UnusableImage, match="names no prediction"):
            await collected(generator, plain_request(generator.cards[0]), receipt)


async def test_check_reports_a_wrong_token(provider: ReplicateProvider) -> None:
    async with provider.opened(api_token="r8_wrong") as generator:
        with pytest.raises(GeneratorRefused, match="refuses our key"):
            await generator.check()


@pytest.mark.parametrize("name", ["black-forest-labs/flux-dve", SDXL[:-1] + "0"])
async def test_check_names_a_model_that_replicate_does_not_have(provider: ReplicateProvider, name: str) -> None:
    async with provider.opened(models=parse_models([f"mine={name} 64-512/8 seed"])) as generator:
        with pytest.raises(GeneratorRefused, match=f"does not have {name}"):
            await generator.check()


async def test_progress_is_read_from_the_models_log(generator: ImageGenerator) -> None:
    request = plain_request(generator.cards[0], samples=2)
    assert await generator.progress(request, "key", None) is None

    receipt = await generator.submit(request, "key")
    reported = [await generator.progress(request, "key", receipt) for _ in range(2)]
    assert [(one.step, one.steps) for one in reported if one] == [(42, 56), (56, 56)]


@pytest.mark.parametrize("logs", [None, 7, "", "10/28", "| 29/28 [", "| 0/0 [", "| 9999999/1 ["])
def test_a_log_without_a_progress_bar_shows_no_progress(logs: object) -> None:
    assert Prediction({"logs": logs}).progress is None
