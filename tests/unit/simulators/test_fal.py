"""The simulated fal over HTTP: orders accepted and refused, and answers."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from PIL import Image

from simulators.fal import FalSimulator, fal_simulator
from simulators.fal.order import BANANA, FLUX

ORDER: dict[str, Any] = {"prompt": "a lighthouse", "seed": 7, "image_size": {"width": 128, "height": 64}}


@dataclass(frozen=True)
class Client:
    simulator: FalSimulator
    session: aiohttp.ClientSession

    async def ask(self, verb: str, url: str, key: str | None = None, **body: object) -> tuple[int, Any]:
        headers = {"Authorization": f"Key {key or self.simulator.api_key}"}
        async with self.session.request(verb, url, headers=headers, json=body or None) as answer:
            return answer.status, await answer.json()

    async def order(self, model: str = FLUX, **inputs: object) -> tuple[int, Any]:
        given = ORDER if model == FLUX else {"prompt": "a lighthouse"}
        return await self.ask("POST", f"{self.simulator.base_url}/{model}", **(given | inputs))

    async def result(self, taken: tuple[int, Any]) -> tuple[int, Any]:
        assert taken[0] == 200, taken
        for _ in range(3):
            await self.ask("GET", taken[1]["status_url"])
        return await self.ask("GET", taken[1]["response_url"])


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with fal_simulator() as simulator, aiohttp.ClientSession() as session:
        yield Client(simulator, session)


async def test_an_order_is_queued_and_completed_under_the_first_two_parts_of_its_path(client: Client) -> None:
    _, taken = await client.order()
    answers = [await client.ask("GET", taken["status_url"]) for _ in range(2)]

    assert [(status, said["status"]) for status, said in answers] == [(202, "IN_QUEUE"), (200, "COMPLETED")]
    assert taken["response_url"] == f"{client.simulator.base_url}/fal-ai/flux/requests/{taken['request_id']}"
    assert client.simulator.charged_images == 1


async def test_equal_inputs_give_equal_images_and_different_ones_give_different_images(client: Client) -> None:
    files = []
    for seed in (7, 7, 8):
        _, result = await client.result(await client.order(seed=seed, output_format="png"))
        assert result["seed"] == seed
        async with client.session.get(result["images"][0]["url"]) as answer:
            files.append(await answer.read())

    assert files[0] == files[1] != files[2]
    with Image.open(io.BytesIO(files[0])) as opened:
        assert (opened.size, opened.format) == ((128, 64), "PNG")


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (FLUX, {"image_size": {"width": 0, "height": 64}}),
        (FLUX, {"image_size": "huge"}),
        (FLUX, {"num_inference_steps": 51}),
        (FLUX, {"guidance_scale": 0.5}),
        (FLUX, {"seed": "7"}),
        (FLUX, {"output_format": "webp"}),
        (FLUX, {"negative_prompt": "fog"}),
        (BANANA, {"seed": 7}),
        (BANANA, {"aspect_ratio": "7:3"}),
    ],
)
async def test_a_wrong_input_is_refused_in_the_result_and_not_charged(
    client: Client, model: str, inputs: dict[str, object]
) -> None:
    status, result = await client.result(await client.order(model, **inputs))

    assert (status, result["detail"][0]["type"]) == (422, "value_error")
    assert client.simulator.charged_images == 0


async def test_wrong_keys_and_unknown_models_are_refused(client: Client) -> None:
    assert (await client.ask("POST", f"{client.simulator.base_url}/{FLUX}", "wrong", **ORDER))[0] == 401
    assert (await client.order("fal-ai/none"))[0] == 404


async def test_an_order_can_be_cancelled_before_it_begins(client: Client) -> None:
    _, taken = await client.order()
    assert await client.ask("PUT", taken["cancel_url"]) == (202, {"status": "CANCELLATION_REQUESTED"})
    assert (await client.ask("GET", taken["response_url"]))[0] == 499
    assert (await client.ask("PUT", taken["cancel_url"]))[0] == 400
