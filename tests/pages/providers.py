"""The table at the beginning of `docs/providers.md`: the properties of each generator, seen in runs with its simulator.

`make pages` writes it. A line in `PROVIDERS` adds a provider to it.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Final

import httpx

from darkroom.adapters.conformance import draw, plain_request
from darkroom.adapters.outbound_http.transport import AiohttpTransport
from darkroom.domain.model.errors import Charged, PromptRejected
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.values import Prompt
from darkroom.domain.ports import ImageGenerator, Receipt
from darkroom.entrypoints.container.generators import GENERATORS, open_generator
from darkroom.entrypoints.settings import Settings
from darkroom.entrypoints.settings.generators import GENERATOR_GROUPS
from integration.providers.test_one_call import PROVIDERS, Provider
from simulators.faults import SHARED_MENU
from simulators.provider import ProviderSimulator

PAGE: Final = Path(__file__).parents[2] / "docs" / "providers.md"
BEGIN, END = "<!-- written by `make pages`: begin -->", "<!-- end -->"
COLUMNS: Final = (
    *("provider", "what it is for", "seed", "cancels a drawing", "receipt", "idempotent", "a call that is cut off"),
    *("a refusal by moderation", "price", "links live", "tested against"),
)
LATER: Final = "can be collected later"
IN_PROCESS: Final = {"sketch": "itself", "diffusers": "small models on a CPU"}
"""The generators that draw in the process of the service, and what they are tested against."""

_AT_ONCE: Final = 4
_PATIENCE: Final = "3"  # seconds for each call while a fault is on
_MODERATED: Final = re.compile(r"moderat|nsfw|policy|filter|flag|block|withh|safety|sensitive", re.IGNORECASE)
_TAKING_BACK: Final = re.compile(r"cancel|interrupt")


@dataclass(frozen=True)
class Run:
    """A provider's simulator, a generator for it with its cards, and a plain request."""

    simulator: ProviderSimulator
    generator: ImageGenerator
    request: GenerationRequest
    cards: tuple[ModelCard, ...]


@asynccontextmanager
async def running(provider: Provider, *, patience: str | None = None, **options: float) -> AsyncIterator[Run]:
    """Yield a run of a provider, with the settings of `integration/providers/test_one_call.py`."""
    assert provider.simulator is not None
    simulate: Callable[..., ProviderSimulator] = provider.simulator
    async with simulate(**options) as simulator:
        with tempfile.TemporaryDirectory() as folder:
            settings = {
                "DARKROOM_DATA_DIR": folder,
                "DARKROOM_GENERATORS": provider.generator,
                **({f"DARKROOM_{provider.generator.upper()}_TIMEOUT": patience} if patience else {}),
                **provider.settings(simulator),
            }
            async with open_generator(Settings.read(settings), provider.generator) as generator:
                cards = tuple(generator.cards)
                (card,) = [card for card in cards if card.version.value == provider.model]
                yield Run(simulator, generator, plain_request(card), cards)


async def row(provider: Provider) -> Iterable[str]:
    """Return the cells of a provider, in the order of the columns."""
    async with running(provider) as run:
        receipt = await run.generator.submit(run.request, "key")
        await draw(run.generator, run.request)
        linked = bool(run.simulator.fetches) and bool(run.simulator.links_live)
        seed = await _seed(run)
    async with running(provider, patience=_PATIENCE) as run:
        cut, refusals = await _cut(run), await _refusals(run)
    return (
        f"`{provider.generator}`",
        _purpose(provider.generator),
        seed,
        await _taking_back(provider),
        LATER if receipt.reference else "holds the images",
        "yes" if any(card.idempotent for card in run.cards) else "no",
        cut,
        refusals,
        _price(run.cards, receipt),
        run.simulator.links_live if linked else "no links",
        run.simulator.tested_against,
    )


def row_in_process(name: str) -> Iterable[str]:
    """Return the cells of a generator without a provider: an interrupted order is drawn again, and costs nothing."""
    said = ("as sent", "no", LATER, "yes", "drawn again", "`no`", "nothing to pay", "no links", IN_PROCESS[name])
    return (f"`{name}`", _purpose(name), *said)


def _purpose(name: str) -> str:
    """Return the first sentence of the docstring of the generator's settings, or of its package."""
    group = GENERATOR_GROUPS.get(name)
    said = (group or import_module(f"darkroom.adapters.generators.{name}")).__doc__ or ""
    return re.split(r"(?<=\.)\s|\n\n", said.strip(), maxsplit=1)[0].removesuffix(".").replace("\n", " ")


def _price(cards: Iterable[ModelCard], receipt: Receipt) -> str:
    """Return the source of the price of an image, and whether an answer contains the cost."""
    known = "on the card" if any(card.price for card in cards) else "by `DARKROOM_PRICES`"
    return f"{known}, and by each answer" if receipt.cost else known


async def _seed(run: Run) -> str:
    """Return whether seeds are used, and which seed is reported: the one that was sent, or the provider's."""
    if not run.request.seeds:
        return "not taken"
    run.simulator.faults.set("seed-altered")
    images, _ = await draw(run.generator, run.request)
    run.simulator.faults.clear()
    return "as the provider says" if images and images[0].seed != run.request.seeds[0] else "as sent"


async def _cut(run: Run) -> str:
    """Return the outcome of an order whose paid call was cut off after it was charged."""
    run.simulator.faults.set("reset-after-charge")
    images, failure = await draw(run.generator, run.request)
    run.simulator.faults.clear()
    found = "looked up, and collected" if images else "told as drawn"
    return found if failure is None else f"`{failure.charged}`"


async def _refusals(run: Run) -> str:
    """Return the charges that are reported for all refusals by moderation that the simulator offers as faults."""
    shared, room = {fault.name for fault in SHARED_MENU}, asyncio.Semaphore(_AT_ONCE)
    own = [fault for fault in run.simulator.faults.menu.values() if fault.name not in shared]

    async def charged(fault: str) -> Charged | None:
        request = replace(run.request, prompt=Prompt(f"a fox [fault:{fault}]"))
        async with room:
            _, failure = await draw(run.generator, request)
        return failure.charged if isinstance(failure, PromptRejected) else None

    moderated = [fault.name for fault in own if _MODERATED.search(f"{fault.name} {fault.sentence}")]
    reported = await asyncio.gather(*map(charged, moderated))
    seen = [one for one in Charged if one in reported]
    return " or ".join(f"`{one}`" for one in seen) if seen else "never seen"


async def _taking_back(provider: Provider) -> str:
    """Return whether a drawing that takes too long is cancelled at the provider."""
    async with running(provider, patience="1", seconds_per_image=20.0) as run:
        with _requests() as sent:
            await draw(run.generator, run.request)
        host = httpx.URL(run.simulator.base_url).port
        asked = [url.path for url in sent if url.port == host]
    return "yes" if any(_TAKING_BACK.search(path) for path in asked) else "no"


@contextmanager
def _requests() -> Iterator[list[httpx.URL]]:
    """Yield a list to which the URL of each request that a generator sends within the block is added."""
    sent: list[httpx.URL] = []
    usual = AiohttpTransport.handle_async_request

    async def noting(self: AiohttpTransport, request: httpx.Request) -> httpx.Response:
        sent.append(request.url)
        return await usual(self, request)

    AiohttpTransport.handle_async_request = noting  # type: ignore[method-assign]  # within the block
    try:
        yield sent
    finally:
        AiohttpTransport.handle_async_request = usual  # type: ignore[method-assign]


async def rows() -> Mapping[str, Iterable[str]]:
    """Return the rows of all generators, by name."""
    simulated = [provider for provider in PROVIDERS if provider.simulator]
    found = {provider.generator: await row(provider) for provider in simulated}
    found |= {name: row_in_process(name) for name in IN_PROCESS}
    return {name: found[name] for name in sorted(GENERATORS)}


def table(found: Iterable[Iterable[str]]) -> str:
    """Return the table in Markdown."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *found]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |" for cells in lines)


def table_in(page: str) -> str:
    """Return the table in a page."""
    return page.partition(BEGIN)[2].partition(END)[0].strip()


def with_table(page: str, text: str) -> str:
    """Return the page with another table."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}"


def names_in(text: str) -> list[str]:
    """Return the generators in a table."""
    return re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE)


def main() -> None:
    """Write the table into the page."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_table(page, table(asyncio.run(rows()).values())), encoding="utf-8")


if __name__ == "__main__":
    main()
