"""`darkroom check` with every provider at once: it reports on each, and nothing is charged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from integration.cli.command_line import CommandLine, Ended
from integration.providers.test_one_call import PROVIDERS
from simulators.openrouter import openrouter_simulator
from simulators.openrouter.models import SEEDREAM
from simulators.provider import ProviderSimulator


@asynccontextmanager
async def simulated() -> AsyncIterator[tuple[Sequence[ProviderSimulator], Mapping[str, str]]]:
    """The simulators, and the settings that select every provider."""
    simulators, settings = [], {"DARKROOM_GENERATORS": ",".join(provider.generator for provider in PROVIDERS)}
    async with AsyncExitStack() as started:
        for provider in PROVIDERS:
            if provider.simulator:
                simulators.append(await started.enter_async_context(provider.simulator()))
                settings |= provider.settings(simulators[-1])
        yield simulators, settings


async def check(folder: Path, settings: Mapping[str, str]) -> tuple[Ended, dict[str, bool]]:
    """How the command ends, and whether it finds each generator usable."""
    with CommandLine(folder) as shell:
        ended = await asyncio.to_thread(shell.run, "check", "--json", **settings)
    found = [(finding["part"].split(), finding["ok"]) for finding in json.loads(ended.stdout)["findings"]]
    return ended, {words[1]: ok for words, ok in found if words[0] == "generator"}


async def test_each_provider_is_found_usable_and_nothing_is_charged(tmp_path: Path) -> None:
    async with simulated() as (simulators, settings):
        ended, generators = await check(tmp_path, settings)

    assert generators == {provider.generator: True for provider in PROVIDERS}
    assert ended.status == 0
    assert [call for simulator in simulators for call in simulator.calls] == []


async def test_each_provider_that_cannot_be_reached_is_reported(tmp_path: Path) -> None:
    async with simulated() as (_, settings):
        pass
    ended, generators = await check(tmp_path, settings)

    assert generators == {provider.generator: provider.simulator is None for provider in PROVIDERS}
    assert ended.status == 1


async def test_the_last_day_of_a_model_is_named(tmp_path: Path) -> None:
    (provider,) = [one for one in PROVIDERS if one.generator == "openrouter"]
    async with openrouter_simulator() as simulator:
        simulator.expiration_dates[SEEDREAM] = "9999-12-31"
        settings = provider.settings(simulator) | {
            "DARKROOM_GENERATORS": "openrouter,sketch",
            "DARKROOM_ENDING_DATES": "sketch=2026-01-31",
        }
        ended, _ = await check(tmp_path, settings)

    (models,) = [one["detail"] for one in json.loads(ended.stdout)["findings"] if one["part"] == "models"]
    assert models == "seedream (ends on 9999-12-31), sketch (ended on 2026-01-31)"
    assert ended.status == 0
