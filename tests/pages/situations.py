"""A table in `docs/providers.md`: the outcome of an order in each situation of the conformance kit, by generator.

`make pages` writes it. A line in `TRIED` adds a provider to it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any, Final

from darkroom.adapters.conformance import OUTCOMES, Situation, draw, plain_request
from darkroom.domain.ports import ImageGenerator
from integration.generators import test_karlo, test_openai_images, test_stability
from integration.generators.bfl_provider import bfl_provider
from integration.generators.comfyui_provider import comfyui_provider
from integration.generators.fal_provider import fal_provider
from integration.generators.gemini_provider import gemini_provider
from integration.generators.karlo_provider import karlo_provider
from integration.generators.openai_images_provider import openai_images_provider
from integration.generators.openrouter_provider import openrouter_provider
from integration.generators.replicate_provider import replicate_provider
from integration.generators.simulated import SimulatedProvider
from integration.generators.stability_provider import stability_provider
from integration.generators.webui_provider import webui_provider
from pages.providers import PAGE

BEGIN, END = "<!-- situations, written by `make pages`: begin -->", "<!-- situations: end -->"
COLUMNS: Final = ("what the provider does", "what becomes of the order")

_PATIENCE: Final = 2.0  # seconds, for orders that only a deadline ends
_MOST: Final = 3  # samples of an order

Opened = AbstractAsyncContextManager[ImageGenerator]


def _by_itself(provider: Any, _: Path, **options: float) -> Opened:  # noqa: ANN401  # each provider has its own class
    opened: Opened = provider.opened(**options)
    return opened


def _in_a_folder(provider: Any, folder: Path, **options: float) -> Opened:  # noqa: ANN401  # the same
    opened: Opened = provider.opened(folder, **options)
    return opened


def _by_its_test(open_it: Callable[..., Any], *arguments: str, **also: str) -> Callable[..., Opened]:
    def opened(provider: Any, _: Path, **options: float) -> Opened:  # noqa: ANN401  # the same
        found: Opened = open_it(provider, *arguments, **also, **options)
        return found

    return opened


TRIED: Final[Mapping[str, tuple[Callable[[], AbstractAsyncContextManager[Any]], Callable[..., Opened]]]] = {
    "bfl": (bfl_provider, _by_itself),
    "comfyui": (comfyui_provider, _by_itself),
    "fal": (fal_provider, _by_itself),
    "gemini": (gemini_provider, _by_itself),
    "karlo": (karlo_provider, _by_its_test(test_karlo.opened)),
    "openai": (
        openai_images_provider,
        _by_its_test(test_openai_images.opened, test_openai_images.ENGINE, response_format="url"),
    ),
    "openrouter": (openrouter_provider, _in_a_folder),
    "replicate": (replicate_provider, _by_itself),
    "stability": (stability_provider, _by_its_test(test_stability.opened, output_format="jpeg")),
    "webui": (webui_provider, _by_itself),
}


async def outcomes(name: str) -> Mapping[Situation, str]:
    """Return the outcome of an order with one generator, in each situation that its provider can be in."""
    simulation, opened = TRIED[name]
    found = {}
    async with simulation() as provider:
        possible: frozenset[Situation] = type(provider).situations()
        with tempfile.TemporaryDirectory() as folder:
            open_it = partial(opened, provider, Path(folder))
            async with open_it() as generator, open_it(patience=_PATIENCE) as impatient:
                for situation in Situation:
                    if situation in possible:
                        asked = impatient if OUTCOMES[situation].at_the_deadline else generator
                        found[situation] = await _outcome(asked, provider, situation)
    return found


async def _outcome(generator: ImageGenerator, provider: SimulatedProvider[Any], situation: Situation) -> str:
    card = generator.cards[0]
    request = plain_request(card, samples=min(_MOST, card.samples_max))
    await provider.suffer(situation)
    images, failure = await draw(generator, request)
    await provider.recover()
    if failure is None:
        return "drawn"
    kept = ", the images that came are kept" if images else ""
    evidence = ", the answer is kept as evidence" if any(failure.all_evidence) else ""
    return f"`{failure.code}`, charged `{failure.charged}`{kept}{evidence}"


async def rows() -> list[tuple[str, str]]:
    """Return a row for each situation: the usual outcome, then the others with the names of their generators."""
    found = dict(zip(TRIED, await asyncio.gather(*map(outcomes, TRIED)), strict=True))
    shown = []
    for situation in Situation:
        by_outcome = defaultdict[str, list[str]](list)
        for name, outcome in found.items():
            if situation in outcome:
                by_outcome[outcome[situation]].append(name)
        (usual, _), *others = sorted(by_outcome.items(), key=lambda part: -len(part[1]))
        shown.append((situation.value, "; ".join([usual, *(f"at {', '.join(at)}: {it}" for it, at in others)])))
    return shown


def table(found: Iterable[tuple[str, str]]) -> str:
    """Return the table in Markdown."""
    lines = [COLUMNS, ("---", "---"), *found]
    return "\n".join(f"| {situation} | {outcome} |" for situation, outcome in lines)


def table_in(page: str) -> str:
    """Return the table in a page."""
    return page.partition(BEGIN)[2].partition(END)[0].strip()


def main() -> None:
    """Write the table into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    text = table(asyncio.run(rows()))
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
