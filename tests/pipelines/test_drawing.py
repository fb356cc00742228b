"""The generator `diffusers` with both kinds of pipelines, with tiny and random weights."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import LCMScheduler

from darkroom.adapters.conformance import GeneratorContract, draw, full_request, plain_request
from darkroom.adapters.generators.declared_models import Sizes, read_sizes
from darkroom.adapters.generators.diffusers import open_diffusers, parse_sources
from darkroom.domain.model.errors import Charged, GeneratorRefused, GeneratorUnavailable, InvalidValue, PromptRejected
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.model_card import NumberRange, PixelRange
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.model.progress import Progress
from darkroom.domain.model.values import GuidanceScale, ImageSize, InferenceSteps, Prompt, Seed
from darkroom.domain.ports import ImageGenerator, Receipt
from pipelines.tiny import TOKENS


def opened(
    folder: Path, *, sizes: Sizes | None = None, batch: int = 1, device: str = "cpu", dtype: str = "auto"
) -> AbstractAsyncContextManager[ImageGenerator]:
    sources = parse_sources([f"tiny={folder}"])
    return open_diffusers(sources=sources, sizes=sizes, device=device, dtype=dtype, batch=batch)


async def drawn(generator: ImageGenerator, request: GenerationRequest) -> list[bytes]:
    images, failure = await draw(generator, request)
    assert failure is None
    return [images[index].data for index in sorted(images)]


class TestLatentConsistency(GeneratorContract):
    @pytest.fixture
    async def generator(self, latent_consistency: Path) -> AsyncIterator[ImageGenerator]:
        async with opened(latent_consistency, batch=3) as generator:
            yield generator


@pytest.mark.timeout(600)  # hundreds of drawings, each of 57 steps
class TestKarlo(GeneratorContract):
    @pytest.fixture
    async def generator(self, karlo: Path) -> AsyncIterator[ImageGenerator]:
        async with opened(karlo) as generator:
            yield generator


async def test_the_card_says_what_stable_diffusion_honours(stable_diffusion: Path) -> None:
    async with opened(stable_diffusion) as generator:
        (card,) = generator.cards

    assert card.honours == ("negative_prompt", "seed", "num_inference_steps", "guidance_scale")
    assert (card.width, card.height, card.sizes) == (PixelRange(32, 128, 16), PixelRange(32, 128, 16), None)
    assert (card.num_inference_steps, card.guidance_scale) == (NumberRange(1, 1000, 50), NumberRange(0, 100, 7.5))


async def test_the_card_says_what_karlo_honours(karlo: Path) -> None:
    async with opened(karlo, sizes=read_sizes("512-1024")) as generator:
        (card,) = generator.cards

    assert card.honours == ("seed", "num_inference_steps", "guidance_scale")
    assert card.sizes == (ImageSize(32, 32),)
    assert (card.num_inference_steps, card.guidance_scale) == (NumberRange(1, 1000, 25), NumberRange(0, 100, 8))


async def test_a_latent_consistency_model_honours_no_negative_prompt(latent_consistency: Path) -> None:
    async with opened(latent_consistency) as generator:
        (card,) = generator.cards

    assert card.honours == ("seed", "num_inference_steps", "guidance_scale")


async def test_sizes_are_those_of_the_settings(stable_diffusion: Path) -> None:
    async with opened(stable_diffusion, sizes=read_sizes("48x24|32x32")) as generator:
        (card,) = generator.cards

    assert card.sizes == (ImageSize(48, 24), ImageSize(32, 32))


@pytest.mark.parametrize("model", ["stable_diffusion", "karlo"])
async def test_every_honoured_parameter_changes_the_pixels(model: str, request: pytest.FixtureRequest) -> None:
    async with opened(request.getfixturevalue(model)) as generator:
        (card,) = generator.cards
        whole = full_request(card)
        others = [
            replace(whole, prompt=Prompt("a hare")),
            replace(whole, seeds=(Seed(1),)),
            replace(whole, parameters=replace(whole.parameters, num_inference_steps=InferenceSteps(10))),
            replace(whole, parameters=replace(whole.parameters, guidance_scale=GuidanceScale(2))),
            *([replace(whole, parameters=whole.parameters.forgotten())] if card.negative_prompt else []),
        ]
        pictures = [await drawn(generator, each) for each in (whole, *others)]

    assert all(other != pictures[0] for other in pictures[1:])


async def test_a_newly_loaded_model_draws_the_same(stable_diffusion: Path) -> None:
    pictures = []
    for _ in range(2):
        async with opened(stable_diffusion) as generator:
            pictures.append(await drawn(generator, plain_request(generator.cards[0], samples=2)))

    assert pictures[0] == pictures[1]


async def test_a_sample_drawn_alone_equals_that_of_its_seed_in_a_batch(stable_diffusion: Path) -> None:
    async with opened(stable_diffusion) as generator:
        together = plain_request(generator.cards[0], samples=2)
        alone = replace(together, samples=1, seeds=together.seeds[1:])

        assert await drawn(generator, alone) == (await drawn(generator, together))[1:]


@pytest.mark.parametrize("field", ["prompt", "negative_prompt"])
async def test_a_prompt_that_would_be_truncated_is_refused(stable_diffusion: Path, field: str) -> None:
    async with opened(stable_diffusion) as generator:
        plain = plain_request(generator.cards[0])

        def asking(length: int) -> GenerationRequest:
            text = "x" * length
            if field == "prompt":
                return replace(plain, prompt=Prompt(text))
            return replace(plain, parameters=Parameters.of(negative_prompt=text))

        whole = await draw(generator, asking(TOKENS - 2))
        cut = await draw(generator, asking(TOKENS - 1))

    assert (len(whole[0]), whole[1]) == (1, None)
    assert isinstance(cut[1], PromptRejected)
    assert (cut[0], cut[1].charged) == ({}, Charged.NO)
    assert str(TOKENS) in cut[1].detail


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), GeneratorUnavailable),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:130] err == 0. DefaultCPUAllocator: can't allocate memory"),
            GeneratorUnavailable,
        ),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), GeneratorRefused),
    ],
)
async def test_a_failure_in_the_pipeline_is_not_charged(
    stable_diffusion: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception, error: type[Exception]
) -> None:
    def decode(*_: object, **__: object) -> None:
        raise fault

    async with opened(stable_diffusion) as generator:
        request = plain_request(generator.cards[0], samples=2)
        with monkeypatch.context() as patched:
            patched.setattr("diffusers.AutoencoderKL.decode", decode)
            images, failure = await draw(generator, request)

        assert type(failure) is error
        assert (images, failure.charged) == ({}, Charged.NO)
        assert len(await drawn(generator, request)) == 2


async def test_an_image_withheld_by_the_safety_checker_is_reported_after_the_others(
    stable_diffusion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[int] = []

    def checked(_: object, images: object, *__: object) -> tuple[object, list[bool]]:
        checks.append(len(checks))
        return images, [checks[-1] == 1]

    monkeypatch.setattr("diffusers.StableDiffusionPipeline.run_safety_checker", checked)
    async with opened(stable_diffusion) as generator:
        images, failure = await draw(generator, plain_request(generator.cards[0], samples=3))

    assert sorted(images) == [0, 2]
    assert isinstance(failure, PromptRejected)
    assert failure.charged is Charged.NO


class HeldSteps:
    """Blocks the steps of a drawing in its thread until `go_on` is set; `begun` is set at the first step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.begun, self.go_on = 0, asyncio.Event(), asyncio.Event()
        loop, whole_step = asyncio.get_running_loop(), LCMScheduler.step

        def step(*args: object, **options: object) -> object:
            self.count += 1
            loop.call_soon_threadsafe(self.begun.set)
            asyncio.run_coroutine_threadsafe(self.go_on.wait(), loop).result(timeout=60)
            return whole_step(*args, **options)

        monkeypatch.setattr(LCMScheduler, "step", step)


async def test_the_event_loop_is_not_blocked_while_it_draws(
    latent_consistency: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(latent_consistency) as generator:
        held = HeldSteps(monkeypatch)
        work = asyncio.create_task(draw(generator, plain_request(generator.cards[0])))
        await held.begun.wait()
        assert await generator.check()
        held.go_on.set()
        images, failure = await work

    assert (len(images), failure) == (1, None)


async def test_progress_reports_the_current_step_and_the_position(
    latent_consistency: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(latent_consistency) as generator:
        request, reported = plain_request(generator.cards[0], samples=2), list[Progress | None]()
        receipt = await generator.submit(request, "key")
        assert await generator.progress(request, "key", receipt) is None
        held = HeldSteps(monkeypatch)
        work = asyncio.create_task(draw(generator, request, "key"))
        await held.begun.wait()
        reported.append(await generator.progress(request, "key", receipt))
        waiting = asyncio.create_task(anext(generator.collect(request, Receipt(b"another"))))
        await asyncio.sleep(0)
        reported.append(await generator.progress(request, "another", None))
        held.go_on.set()
        await work
        await waiting
        assert await generator.progress(request, "key", receipt) is None

    assert reported == [Progress(position=0, step=0, steps=8), Progress(position=1, step=0, steps=8)]


async def test_a_cancelled_drawing_stops_after_the_current_step(
    latent_consistency: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(latent_consistency) as generator:
        request = plain_request(generator.cards[0])
        held = HeldSteps(monkeypatch)
        work = asyncio.create_task(draw(generator, request))
        await held.begun.wait()
        work.cancel()
        await asyncio.wait([work])
        held.go_on.set()
        await drawn(generator, request)

    assert held.count == 1 + 4


@pytest.mark.parametrize(("device", "dtype"), [("cuda:99", "auto"), ("nowhere", "auto"), ("cpu", "float33")])
async def test_an_unavailable_device_or_dtype_is_reported_at_the_start(
    stable_diffusion: Path, device: str, dtype: str
) -> None:
    with pytest.raises(InvalidValue, match="'tiny' cannot be loaded"):
        async with opened(stable_diffusion, device=device, dtype=dtype):
            pass


async def test_a_folder_without_a_model_is_reported_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="'tiny' cannot be loaded"):
        async with opened(tmp_path):
            pass


async def test_half_precision_draws_too(stable_diffusion: Path) -> None:
    async with opened(stable_diffusion, dtype="bfloat16") as generator:
        assert len(await drawn(generator, plain_request(generator.cards[0]))) == 1
