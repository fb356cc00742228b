"""All providers together: a chain of fallbacks through all of them, and a kill while each of them draws."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from harness.waiting import until
from integration.cli.command_line import CommandLine
from integration.providers.one_call import ALIAS, CALL
from integration.providers.test_one_call import PROVIDERS, Provider
from servers.darkroom import Darkroom
from simulators.faults import SHARED_MENU
from simulators.faults.fault import AfterCharge, BeforeCharge
from simulators.provider import ProviderSimulator

PAID: Final = [one for one in PROVIDERS if one.simulator is not None]
PATIENCE: Final = "3"  # seconds for each call and each fetch: some faults last for ever
TURNED_AWAY: Final = ["too-many-requests"]
ANY_FAULT: Final = [fault.name for fault in SHARED_MENU if isinstance(fault, BeforeCharge | AfterCharge)]
NO_FAULT: Final[list[str]] = []
ORDERS: Final = 60


def settings_of(providers: Mapping[str, tuple[Provider, ProviderSimulator]]) -> dict[str, str]:
    """Settings for all providers in one service; the alias names the first model, which falls back to the others."""
    models = [provider.model for provider, _ in providers.values()]
    settings = {
        "DARKROOM_GENERATORS": ",".join(providers),
        "DARKROOM_ALIASES": f"{ALIAS}={models[0]}",
        "DARKROOM_FALLBACKS": f"{models[0]}={'|'.join(models[1:])}",
        "DARKROOM_FETCH_TIMEOUT": PATIENCE,
        "DARKROOM_LOG_LEVEL": "warning",
    }
    for name, (provider, simulator) in providers.items():
        settings |= provider.settings(simulator) | {f"DARKROOM_{name.upper()}_TIMEOUT": PATIENCE}
    return settings


@asynccontextmanager
async def client_of(shell: CommandLine, darkroom: Darkroom) -> AsyncIterator[httpx.AsyncClient]:
    token = (await asyncio.to_thread(shell.run, "token")).stdout.strip()
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{darkroom.port}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=240,
        trust_env=False,
    ) as client:
        yield client


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_fallback_chain_of_all_providers_charges_an_order_at_most_once(tmp_path: Path) -> None:
    """Most providers refuse an order for free, so that many are asked; some draw, and some fail in other ways."""
    chance = random.Random(11)
    async with AsyncExitStack() as started:
        providers = {
            one.generator: (one, await started.enter_async_context(one.simulator())) for one in PAID if one.simulator
        }
        shell = started.enter_context(CommandLine(tmp_path))
        darkroom = await asyncio.to_thread(shell.serve, **settings_of(providers))
        client = await started.enter_async_context(client_of(shell, darkroom))
        simulators = [simulator for _, simulator in providers.values()]
        drawn, asked_most = 0, 0
        for number in range(ORDERS):
            for simulator in simulators:
                simulator.reset()
                (menu,) = chance.choices([TURNED_AWAY, ANY_FAULT, NO_FAULT], weights=[16, 2, 2])
                for fault in chance.sample(menu, min(len(menu), 1)):
                    simulator.faults.set(fault)
            answer = await client.post("/api/images", json=CALL | {"prompt": f"fox {number}"})
            charged = sum(simulator.charged_calls for simulator in simulators)
            asked_most = max(asked_most, sum(bool(simulator.calls) for simulator in simulators))
            faults = {name: simulator.faults.described() for name, (_, simulator) in providers.items()}
            assert charged <= 1, (answer.text, faults)
            assert all(len(simulator.calls) <= 1 for simulator in simulators), (answer.text, faults)
            if answer.status_code == 200:
                assert charged == 1
                drawn += 1
            elif answer.json()["charged"] != "unknown":
                assert (answer.json()["charged"] == "yes") == bool(charged), (answer.text, faults)
    assert drawn > ORDERS / 10
    assert asked_most > len(PAID) / 2, "too few providers of the chain were asked"


COLLECTED_AGAIN: Final = {"replicate", "fal", "bfl", "comfyui"}
"""Providers that queue orders under a name, which is on record before the order is drawn."""


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("provider", PAID, ids=lambda provider: provider.generator)
async def test_a_kill_in_the_middle_of_a_drawing_costs_one_charge_and_loses_no_receipt(
    provider: Provider, tmp_path: Path
) -> None:
    assert provider.simulator is not None
    slow: Any = provider.simulator
    async with AsyncExitStack() as started:
        simulator: ProviderSimulator = await started.enter_async_context(slow(seconds_per_image=2.0))
        shell = started.enter_context(CommandLine(tmp_path))
        settings = {
            "DARKROOM_GENERATORS": provider.generator,
            "DARKROOM_ALIASES": f"{ALIAS}={provider.model}",
            **provider.settings(simulator),
        }
        darkroom = await asyncio.to_thread(shell.serve, **settings)
        async with client_of(shell, darkroom) as client:
            order = asyncio.create_task(client.post("/api/images", json=CALL, headers={"Idempotency-Key": "k"}))
            await until(lambda: simulator.charged_calls == 1)
            if provider.generator in COLLECTED_AGAIN:  # its receipt is on record before the generator polls
                await until(lambda: receipt_is_on_record(tmp_path))
            darkroom.kill()
            with contextlib.suppress(httpx.TransportError):
                await order
        darkroom = await asyncio.to_thread(shell.serve, **settings)
        async with client_of(shell, darkroom) as client:
            again = await client.post("/api/images", json=CALL, headers={"Idempotency-Key": "k"})
            (generation,) = (await client.get("/api/generations")).json()["items"]
    assert simulator.charged_calls == 1
    if provider.generator in COLLECTED_AGAIN:
        assert (again.status_code, generation["state"]) == (200, "stored"), again.text
    else:
        assert (again.json()["type"], again.json()["charged"]) == ("/problems/outcome-unknown", "unknown")
        assert generation["state"] == "unknown"


def receipt_is_on_record(folder: Path) -> bool:
    """Whether the ledger holds the provider's answer to the order."""
    with contextlib.closing(sqlite3.connect(f"file:{folder / '.darkroom' / 'ledger.sqlite'}?mode=ro", uri=True)) as db:
        return db.execute("SELECT 1 FROM generations WHERE receipt IS NOT NULL").fetchone() is not None
