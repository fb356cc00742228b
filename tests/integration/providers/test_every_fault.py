"""Every fault of every simulated provider, in the whole service: it is paid once and reported with the true charge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from integration.cli.command_line import CommandLine
from integration.providers.test_one_call import PROVIDERS, Provider
from servers.darkroom import Darkroom
from simulators.fal.faults import NOT_CHARGED
from simulators.provider import ProviderSimulator

ALIAS: Final = "any-model"
AT_ONCE: Final = 8
PATIENCE: Final = "3"  # seconds for each call and each fetch: some faults last for ever

GIVEN_BACK: Final = {"aborted", *NOT_CHARGED, "failed", "failed-silently", "cancelled", "node-errors"}
"""Faults that cost nothing in the end: drawing never began, the provider does not charge for failures, or the machine
is our own. The simulators do not take back a charge that they have noted."""

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Running:
    simulator: ProviderSimulator
    darkroom: Darkroom
    client: httpx.AsyncClient


@pytest.fixture(
    params=[one for one in PROVIDERS if one.simulator is not None], ids=lambda provider: str(provider.generator)
)
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    provider: Provider = request.param
    assert provider.simulator is not None
    async with AsyncExitStack() as started:
        simulator = await started.enter_async_context(provider.simulator())
        shell = started.enter_context(CommandLine(tmp_path))
        settings = {
            "DARKROOM_GENERATORS": provider.generator,
            "DARKROOM_ALIASES": f"{ALIAS}={provider.model}",
            f"DARKROOM_{provider.generator.upper()}_TIMEOUT": PATIENCE,
            "DARKROOM_FETCH_TIMEOUT": PATIENCE,
            "DARKROOM_LOG_LEVEL": "warning",
            **provider.settings(simulator),
        }
        darkroom = await asyncio.to_thread(shell.serve, **settings)
        token = (await asyncio.to_thread(shell.run, "token")).stdout.strip()
        client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{darkroom.port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=240,
            trust_env=False,
        )
        yield Running(simulator, darkroom, await started.enter_async_context(client))


async def test_every_fault_is_reported_with_the_true_charge(running: Running) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def order(fault: str) -> tuple[str, httpx.Response]:
        async with room:
            prompt = f"({fault}) a fox [fault:{fault}]"
            return fault, await running.client.post(
                "/api/images", json={"version": ALIAS, "prompt": prompt, "width": 1024, "height": 1024}
            )

    answers = dict(await asyncio.gather(*map(order, running.simulator.faults.menu)))
    wrong = [said for fault, answer in answers.items() for said in untrue(fault, answer, running.simulator)]
    assert wrong == []
    assert len(answers) > 50
    assert '"level": "error"' not in running.darkroom.stderr
    assert (await running.client.get("/health/ready")).status_code == 200


def untrue(fault: str, answer: httpx.Response, simulator: ProviderSimulator) -> list[str]:
    """What is false or missing in an answer."""
    calls = [call for call in simulator.calls if f"({fault}) a fox".encode() in call.raw]
    charged = sum(call.charged_images for call in calls)
    said = []
    if len(calls) > 1:
        said.append(f"{fault}: asked {len(calls)} times")
    if answer.status_code == 200:
        return [*said, *([] if charged else [f"{fault}: drawn, but not charged"])]
    problem = answer.json()
    if answer.status_code == 500 or problem["type"] == "/problems/internal":
        said.append(f"{fault}: a server error")
    if problem["charged"] == "no" and charged and fault not in GIVEN_BACK:
        said.append(f"{fault}: reported as free, but charged")
    if problem["charged"] == "yes" and not charged:
        said.append(f"{fault}: reported as charged, but free")
    return said
