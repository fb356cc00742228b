"""`python -m benchmarks.sketch`: drawing times of the sketch generator; `--write` writes docs/performance.md."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import aclosing
from statistics import median
from time import perf_counter
from typing import Final

from benchmarks.page import Workplace, main
from darkroom.adapters.generators.sketch import SketchImageGenerator
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt, Seed

_PROMPTS: Final = ("A lighthouse at dusk, oil on canvas", "a snowy forest", "a city in the rain", "flowers", "nothing")
_SIDE: Final = 1024
_EACH: Final = 4


def measure(place: Workplace) -> Iterator[str]:
    """Measure all of it; return it as Markdown."""
    del place
    yield f"| {_SIDE} x {_SIDE} pixels, {len(_PROMPTS) * _EACH} pictures of {len(_PROMPTS)} prompts | ms |"
    yield "|---|---:|"
    alone, longest, together, late = asyncio.run(_measure())
    yield f"| one after the other, the median of each | {alone * 1000:.0f} |"
    yield f"| the longest of them | {longest * 1000:.0f} |"
    yield f"| as many at once as there are cores ({os.cpu_count()}), for each | {together * 1000:.0f} |"
    yield f"| the longest delay of the event loop meanwhile | {late * 1000:.0f} |"


async def _measure() -> tuple[float, float, float, float]:
    generator, orders = SketchImageGenerator(), list(_orders())
    await _seconds(generator, orders[0])
    alone = [await _seconds(generator, order) for order in orders]
    watching = asyncio.create_task(_lateness())
    began = perf_counter()
    await asyncio.gather(*(_seconds(generator, order) for order in orders))
    together = (perf_counter() - began) / len(orders)
    watching.cancel()
    return median(alone), max(alone), together, max(await watching)


def _orders() -> Iterator[GenerationRequest]:
    for seed in range(_EACH):
        for prompt in _PROMPTS:
            yield GenerationRequest(
                version=ModelVersion("sketch"),
                prompt=Prompt(prompt),
                size=ImageSize(_SIDE, _SIDE),
                samples=1,
                seeds=(Seed(seed),),
            )


async def _seconds(generator: SketchImageGenerator, order: GenerationRequest) -> float:
    began = perf_counter()
    receipt = await generator.submit(order, "benchmark")
    async with aclosing(generator.collect(order, receipt)) as images:
        async for _ in images:
            pass
    return perf_counter() - began


async def _lateness() -> list[float]:
    """Return the seconds by which the event loop woke too late, measured until the task is cancelled."""
    late, pause = [0.0], 0.005
    try:
        while True:
            began = perf_counter()
            await asyncio.sleep(pause)
            late.append(perf_counter() - began - pause)
    except asyncio.CancelledError:
        return late


if __name__ == "__main__":
    raise SystemExit(main("sketch", measure))
