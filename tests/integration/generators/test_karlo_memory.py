"""The memory that endless answers cost, measured in a separate process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from servers.parts import PartMissing
from simulators.process import SimulatorProcess, simulator_process

ALLOWED: Final = 64_000_000

# Draws once as a warm-up, then once with a fault; prints by how many bytes the peak memory grew.
DRAWING: Final = r"""
import asyncio, re, sys
from pathlib import Path
from darkroom.adapters.generators.karlo import open_karlo
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt, Seed

base_url, return_type, samples, fault = sys.argv[1:]

def peak():
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

async def draw(generator, prompt):
    request = GenerationRequest(
        version=ModelVersion("v2.1"), prompt=Prompt(prompt), size=ImageSize(1280, 1280), samples=int(samples),
        seeds=tuple(map(Seed, range(int(samples)))),
    )
    receipt = await generator.submit(request, "key")
    return [len(image.data) async for image in generator.collect(request, receipt)]

async def main():
    async with open_karlo(
        api_key="karlo-test-key", base_url=base_url, image_hosts=[base_url], return_type=return_type,
    ) as generator:
        await draw(generator, "a fox")
        before = peak()
        try:
            await draw(generator, f"a fox [fault:{fault}]")
        except UnusableImage:
            print(peak() - before)

asyncio.run(main())
"""


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
    if not Path("/proc/self/status").exists():
        raise PartMissing("/proc", "reports how much memory a process held; Linux has it")
    command = [sys.executable, "-c", DRAWING, karlo.base_url, return_type, str(samples), fault]
    grown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout

    assert int(grown) < ALLOWED
