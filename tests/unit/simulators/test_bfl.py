"""The simulated Black Forest Labs over HTTP: orders accepted and refused, and answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from simulators.bfl import BflSimulator, bfl_simulator
from simulators.bfl.order import FLEX, PRO

ORDER: dict[str, Any] = {"prompt": "a lighthouse", "seed": 7, "width": 128, "height": 64}


@dataclass(frozen=True)
class Client:
    simulator: BflSimulator
    session: aiohttp.ClientSession

    async def ask(self, verb: str, url: str, key: str | None = None, **body: object) -> tuple[int, Any]:
        headers = {"x-key": key or self.simulator.api_key}
        async with self.session.request(verb, url, headers=headers, json=body or None) as answer:
            return answer.status, await answer.json()

    async def order(self, model: str = PRO, **inputs: object) -> tuple[int, Any]:
        return await self.ask("POST", f"{self.simulator.base_url}/v1/{model}", **(ORDER | inputs))

    async def image(self, model: str = PRO, **inputs: object) -> bytes:
        _, taken = await self.order(model, **inputs)
        *_, (_, said) = [await self.ask("GET", taken["polling_url"]) for _ in range(2)]
        async with self.session.get(said["result"]["sample"]) as answer:
            return await answer.read()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with bfl_simulator() as simulator, aiohttp.ClientSession() as session:
        yield Client(simulator, session)


async def test_a_task_is_known_only_at_its_polling_host(client: Client) -> None:
    _, taken = await client.order()
    elsewhere = taken["polling_url"].replace(client.simulator.polling_host, client.simulator.base_url)

    assert (await client.ask("GET", elsewhere))[1]["status"] == "Task not found"
    assert [(await client.ask("GET", taken["polling_url"]))[1]["status"] for _ in range(2)] == ["Pending", "Ready"]
    assert taken["cost"] == 3


async def test_equal_inputs_give_equal_images_and_different_ones_give_different_images(client: Client) -> None:
    first, again, other, rewritten = [
        await client.image(FLEX, prompt_upsampling=False, seed=7),
        await client.image(FLEX, prompt_upsampling=False, seed=7),
        await client.image(FLEX, prompt_upsampling=False, seed=8),
        await client.image(FLEX, seed=7),
    ]

    assert first == again
    assert len({first, other, rewritten}) == 3


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (PRO, {"width": 100}),
        (PRO, {"width": 48}),
        (PRO, {"width": 2048, "height": 2048}),
        (PRO, {"seed": "7"}),
        (PRO, {"steps": 20}),
        (PRO, {"prompt_upsampling": False}),
        (PRO, {"negative_prompt": "fog"}),
        (FLEX, {"steps": 51}),
        (FLEX, {"guidance": 1.0}),
        (FLEX, {"safety_tolerance": 6}),
    ],
)
async def test_a_wrong_field_is_refused(client: Client, model: str, inputs: dict[str, object]) -> None:
    assert (await client.order(model, **inputs))[0] == 422
    assert client.simulator.charged_images == 0


async def test_wrong_keys_unknown_models_and_a_25th_task_are_refused(client: Client) -> None:
    assert (await client.ask("POST", f"{client.simulator.base_url}/v1/{PRO}", "wrong", **ORDER))[0] == 403
    assert (await client.order("flux-9"))[0] == 404
    assert [(await client.order())[0] for _ in range(25)] == [200] * 24 + [429]
