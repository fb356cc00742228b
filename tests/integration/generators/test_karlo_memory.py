"""The memory that endless answers cost, measured in a separate process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import pytest

from darkroom.adapters.generators.karlo import open_karlo
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt, Seed
from darkroom.domain.ports import ImageGenerator
from integration.generators.peak_memory import growth_of_peak, peak
from simulators.karlo.simulator import API_KEY
from simulators.process import SimulatorProcess, simulator_process

ALLOWED: Final = 64_000_000


async def _draw(generator: ImageGenerator, prompt: str, samples: int) -> None:
    request = GenerationRequest(
        version=ModelVersion("v2.1"),
        prompt=Prompt(prompt),
        size=ImageSize(1280, 1280),
        samples=samples,
        seeds=tuple(map(Seed, range(samples))),
    )
    receipt = await generator.submit(request, "key")
    async for _ in generator.collect(request, receipt):
        pass


async def draw_with_fault(base_url: str, return_type: Literal["url", "base64_string"], samples: str, fault: str) -> int:
    """Draw once as a warm-up, then once with a fault; return by how many bytes the peak memory grew."""
    async with open_karlo(
        api_key=API_KEY, base_url=base_url, image_hosts=[base_url], return_type=return_type
    ) as generator:
        await _draw(generator, "a fox", int(samples))
        before = peak()
        with pytest.raises(UnusableImage):
            await _draw(generator, f"a fox [fault:{fault}]", int(samples))
        return peak() - before


@pytest.fixture(scope="module")
def karlo() -> Iterator[SimulatorProcess]:
    with simulator_process("karlo", "--images-per-minute", "0") as running:
        yield running


@pytest.mark.parametrize(
    ("return_type", "samples", "fault"),
    [
        ("url", 8, "gzip-bomb"),
        pytest.param("url", 8, "oversized", marks=pytest.mark.thorough),
        pytest.param("url", 8, "oversized-as-declared", marks=pytest.mark.thorough),
        pytest.param("url", 8, "answer-deep", marks=pytest.mark.thorough),
        ("url", 8, "fetch-oversized"),
        pytest.param("url", 8, "fetch-oversized-as-declared", marks=pytest.mark.thorough),
        pytest.param("url", 8, "fetch-gzip-bomb", marks=pytest.mark.thorough),
        # In base64, eight images may legitimately be longer than these endless answers.
        pytest.param("base64_string", 1, "oversized", marks=pytest.mark.thorough),
        pytest.param("base64_string", 1, "oversized-as-declared", marks=pytest.mark.thorough),
        pytest.param("base64_string", 1, "gzip-bomb", marks=pytest.mark.thorough),
    ],
)
def test_an_endless_answer_costs_little_memory(
    karlo: SimulatorProcess, return_type: str, samples: int, fault: str
) -> None:
    assert growth_of_peak(draw_with_fault, karlo.base_url, return_type, samples, fault, timeout=100) < ALLOWED
