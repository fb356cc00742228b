"""The simulated web UI over HTTP: orders accepted and refused, and answers."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from PIL import Image

from simulators.webui import WebUISimulator, webui_simulator
from simulators.webui.faults import REFUSALS

ORDER: dict[str, Any] = {"prompt": "a lighthouse", "seed": 7, "width": 128, "height": 64}


@dataclass(frozen=True)
class Client:
    simulator: WebUISimulator
    session: aiohttp.ClientSession

    async def order(self, **fields: object) -> tuple[int, Any]:
        url = f"{self.simulator.base_url}/sdapi/v1/txt2img"
        async with self.session.post(url, json=ORDER | fields) as answer:
            return answer.status, await answer.json()

    async def draw(self, **fields: object) -> list[bytes]:
        status, answer = await self.order(**fields)
        assert status == 200, answer
        return [base64.b64decode(image, validate=True) for image in answer["images"]]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with webui_simulator() as simulator, aiohttp.ClientSession() as session:
        yield Client(simulator, session)


async def test_a_batch_uses_consecutive_seeds_and_reports_them_in_a_json_string(client: Client) -> None:
    status, answer = await client.order(batch_size=2, n_iter=2)

    assert (status, len(answer["images"]), client.simulator.charged_images) == (200, 4, 4)
    info = json.loads(answer["info"])
    assert (info["seed"], info["all_seeds"], info["steps"]) == (7, [7, 8, 9, 10], 50)
    assert info["all_prompts"] == ["a lighthouse"] * 4


async def test_equal_orders_give_equal_images_and_different_ones_give_different_images(client: Client) -> None:
    assert await client.draw() == await client.draw()
    assert (await client.draw(batch_size=2))[1:] == await client.draw(seed=8) != await client.draw()
    assert await client.draw(cfg_scale=3) != await client.draw()
    assert await client.draw(seed=-1) != await client.draw(seed=-1)


async def test_sides_are_rounded_down_to_a_multiple_of_8(client: Client) -> None:
    (image,) = await client.draw(width=71, height=64)

    with Image.open(io.BytesIO(image)) as opened:
        assert (opened.size, opened.format) == ((64, 64), "PNG")


@pytest.mark.parametrize("name", ["sd_xl_base_1.0", "sd_xl_base_1.0.safetensors"])
async def test_a_checkpoint_is_overridden_for_one_call(client: Client, name: str) -> None:
    _, answer = await client.order(override_settings={"sd_model_checkpoint": name})

    assert json.loads(answer["info"])["sd_model_name"] == "sd_xl_base_1.0"
    assert json.loads((await client.order())[1]["info"])["sd_model_name"] == "v1-5-pruned-emaonly"


async def test_an_unknown_checkpoint_is_silently_ignored(client: Client) -> None:
    assert await client.draw(override_settings={"sd_model_checkpoint": "flux-dev"}) == await client.draw()


async def test_unknown_fields_are_ignored_and_images_may_be_omitted(client: Client) -> None:
    assert await client.draw(guidance=3) == await client.draw()
    assert await client.draw(send_images=False) == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"width": "large"}, "width"), ({"steps": 0}, "steps"), ({"prompt": None}, "prompt"), ({"seed": -2}, "seed")],
)
async def test_refuses_a_field_by_name(client: Client, fields: dict[str, object], field: str) -> None:
    status, answer = await client.order(**fields)

    assert (status, answer["detail"][0]["loc"]) == (422, ["body", field])
    assert client.simulator.charged_images == 0


async def test_refuses_an_unknown_sampler(client: Client) -> None:
    status, answer = await client.order(sampler_name="Best")

    assert (status, answer["detail"]) == (404, "Sampler not found")


async def test_lists_its_checkpoints_for_free(client: Client) -> None:
    async with client.session.get(f"{client.simulator.base_url}/sdapi/v1/sd-models") as answer:
        listed = await answer.json()

    assert [model["model_name"] for model in listed] == ["v1-5-pruned-emaonly", "sd_xl_base_1.0"]
    assert all(model["title"] == f"{model['model_name']}.safetensors [{model['hash']}]" for model in listed)
    assert client.simulator.calls == []


async def test_requires_credentials_if_configured() -> None:
    async with webui_simulator("painter:secret") as simulator, aiohttp.ClientSession() as session:
        for path, method in (("/sdapi/v1/sd-models", "GET"), ("/sdapi/v1/txt2img", "POST")):
            for password, status in (("secret", 200), ("wrong", 401)):
                sent = {"Authorization": aiohttp.encode_basic_auth("painter", password)}
                order = ORDER if method == "POST" else None
                async with session.request(method, simulator.base_url + path, headers=sent, json=order) as answer:
                    assert answer.status == status


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_has_the_web_uis_wording_and_nothing_is_drawn(client: Client, name: str) -> None:
    client.simulator.faults.set(f"error-{name}")

    assert await client.order() == (REFUSALS[name].status, REFUSALS[name].body)
    assert client.simulator.charged_images == 0
