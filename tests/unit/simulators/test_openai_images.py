"""The simulated Images API over HTTP: orders accepted and refused, and answers."""

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

from simulators.openai_images import OpenAIImagesSimulator, openai_images_simulator
from simulators.openai_images.faults import REFUSALS

GPT: dict[str, Any] = {"model": "gpt-image-2", "prompt": "a lighthouse", "size": "816x832"}
OPEN: dict[str, Any] = {"model": "flux-dev", "prompt": "a lighthouse", "size": "128x64"}
OLDER = {"model": "gpt-image-1.5", "size": "1024x1536"}
NEWER = {"model": "gpt-image-2.5-flare"}


@dataclass(frozen=True)
class Client:
    simulator: OpenAIImagesSimulator
    session: aiohttp.ClientSession

    async def post(self, body: bytes, **headers: str) -> tuple[int, Any]:
        sent = {"Authorization": f"Bearer {self.simulator.api_key}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.simulator.base_url}/v1/images/generations"
        async with self.session.post(url, data=body, headers=sent) as answer:
            return answer.status, await answer.json()

    async def order(self, order: dict[str, Any], **fields: object) -> tuple[int, Any]:
        return await self.post(json.dumps(order | fields).encode())

    async def draw(self, order: dict[str, Any], **fields: object) -> list[bytes]:
        status, answer = await self.order(order, **fields)
        assert status == 200, answer
        return [base64.b64decode(one["b64_json"], validate=True) for one in answer["data"]]

    async def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        async with self.session.get(self.simulator.base_url + path, headers=headers) as answer:
            return answer.status, await answer.read()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with openai_images_simulator() as simulator, aiohttp.ClientSession() as session:
        yield Client(simulator, session)


def opened(data: bytes) -> tuple[tuple[int, int], str | None]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size, image.format


@pytest.mark.parametrize(
    "order",
    [
        GPT,
        GPT | {"prompt": "é" * 32_000},
        GPT | {"size": "auto"},
        GPT | {"size": None, "quality": None, "background": None, "n": None},
        GPT | {"size": "3840x2160", "quality": "high"},
        GPT | {"size": "2448x816"},
        GPT | {"n": 3, "user": "ada"},
        GPT | {"background": "opaque", "moderation": "low", "output_format": "webp", "output_compression": 0},
        GPT | OLDER | {"background": "transparent"},
        GPT | NEWER | {"quality": "xhigh", "background": "transparent", "output_format": "webp"},
        OPEN,
        OPEN | {"n": 2, "size": "64x64", "response_format": "b64_json", "user": "ada"},
        OPEN | {"negative_prompt": "fog", "num_inference_steps": 50, "guidance_scale": 5, "seed": 4294967295},
    ],
    ids=str,
)
async def test_accepts(client: Client, order: dict[str, Any]) -> None:
    images = await client.draw(order)

    assert len(images) == client.simulator.charged_images == (order.get("n") or 1)


@pytest.mark.parametrize(
    ("order", "code", "param"),
    [
        (GPT | {"response_format": "b64_json"}, "unknown_parameter", "response_format"),
        (GPT | {"seed": 7}, "unknown_parameter", "seed"),
        (GPT | {"negative_prompt": "fog"}, "unknown_parameter", "negative_prompt"),
        (GPT | {"style": "vivid"}, "unknown_parameter", "style"),
        ({"model": "gpt-image-2"}, "missing_required_parameter", "prompt"),
        (GPT | {"prompt": ""}, "invalid_value", "prompt"),
        (GPT | {"prompt": "x" * 32_001}, "invalid_value", "prompt"),
        (GPT | {"n": 0}, "invalid_value", "n"),
        (GPT | {"n": 11}, "invalid_value", "n"),
        (GPT | {"n": "1"}, "invalid_value", "n"),
        (GPT | {"size": "1024"}, "invalid_value", "size"),
        (GPT | {"size": "1024x1000"}, "invalid_value", "size"),
        (GPT | {"size": "800x800"}, "invalid_value", "size"),
        (GPT | {"size": "3856x2160"}, "invalid_value", "size"),
        (GPT | {"size": "2464x816"}, "invalid_value", "size"),
        (GPT | {"size": "3840x2176"}, "invalid_value", "size"),
        (GPT | OLDER | {"size": "1024x1040"}, "invalid_value", "size"),
        (GPT | {"quality": "hd"}, "invalid_value", "quality"),
        (GPT | {"quality": "max"}, "invalid_value", "quality"),
        (GPT | {"background": "transparent"}, "invalid_value", "background"),
        (GPT | OLDER | {"background": "transparent", "output_format": "jpeg"}, "invalid_value", "background"),
        (GPT | {"moderation": "off"}, "invalid_value", "moderation"),
        (GPT | {"output_format": "gif"}, "invalid_value", "output_format"),
        (GPT | {"output_compression": 50}, "invalid_value", "output_compression"),
        (OPEN | {"quality": "high"}, "unknown_parameter", "quality"),
        (OPEN | {"size": "100x100"}, "invalid_value", "size"),
        (OPEN | {"size": "4104x64"}, "invalid_value", "size"),
        (OPEN | {"seed": -1}, "invalid_value", "seed"),
        (OPEN | {"seed": 4294967296}, "invalid_value", "seed"),
        (OPEN | {"response_format": "file"}, "invalid_value", "response_format"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_refuses_a_parameter_by_name(client: Client, order: dict[str, Any], code: str, param: str) -> None:
    status, answer = await client.order(order)

    assert (status, answer["error"]["code"], answer["error"]["param"]) == (400, code, param)
    assert answer["error"]["type"] == "invalid_request_error"
    assert client.simulator.charged_images == 0


@pytest.mark.parametrize("model", ["gpt-image-1", "dall-e-3", None, 7])
async def test_knows_no_other_model(client: Client, model: object) -> None:
    status, answer = await client.order(GPT, model=model)

    assert (status, answer["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer sk-wrong", "bearer sk-openai-test-key"])
async def test_refuses_a_wrong_key(client: Client, authorization: str) -> None:
    status, answer = await client.post(json.dumps(GPT).encode(), Authorization=authorization)

    assert (status, answer["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b'{"prompt": "\xff"}'], ids=lambda body: repr(body[:9]))
async def test_refuses_a_body_that_is_not_json(client: Client, body: bytes) -> None:
    assert (await client.post(body))[0] == 400


async def test_refuses_another_content_type(client: Client) -> None:
    assert (await client.post(json.dumps(GPT).encode(), Content_Type="text/plain"))[0] == 415


async def test_a_gpt_image_model_answers_in_base64_with_the_options_used(client: Client) -> None:
    status, answer = await client.order(GPT, quality="low", output_format="jpeg")

    assert status == 200
    assert answer | {"background": "opaque", "output_format": "jpeg", "quality": "low", "size": "816x832"} == answer
    assert answer["usage"]["total_tokens"] == answer["usage"]["input_tokens"] + answer["usage"]["output_tokens"]
    ((name, text),) = answer["data"][0].items()
    assert name == "b64_json"
    assert opened(base64.b64decode(text, validate=True)) == ((816, 832), "JPEG")


async def test_every_answer_has_a_request_id(client: Client) -> None:
    url = f"{client.simulator.base_url}/v1/images/generations"
    for key in (client.simulator.api_key, "wrong"):
        async with client.session.post(url, json=OPEN, headers={"Authorization": f"Bearer {key}"}) as answer:
            assert answer.headers["x-request-id"].startswith("req_")


async def test_only_an_engine_draws_the_same_image_again_with_the_same_seed(client: Client) -> None:
    assert await client.draw(GPT) != await client.draw(GPT)
    assert await client.draw(OPEN, seed=7) == await client.draw(OPEN, seed=7) != await client.draw(OPEN, seed=8)
    assert await client.draw(OPEN, seed=7) != await client.draw(OPEN, seed=7, guidance_scale=2)
    assert await client.draw(OPEN) != await client.draw(OPEN)


async def test_an_engine_links_to_its_images_if_requested(client: Client) -> None:
    _, answer = await client.order(OPEN, response_format="url")

    (entry,) = answer["data"]
    assert (entry["b64_json"], entry["revised_prompt"]) == (None, None)
    status, data = await client.get(entry["url"].removeprefix(client.simulator.base_url))
    assert (status, opened(data)) == (200, ((128, 64), "PNG"))


async def test_lists_its_models_for_free_with_a_key(client: Client) -> None:
    status, data = await client.get("/v1/models", Authorization=f"Bearer {client.simulator.api_key}")

    assert status == 200
    assert {"gpt-image-2", "flux-dev"} <= {model["id"] for model in json.loads(data)["data"]}
    assert (await client.get("/v1/models"))[0] == 401
    assert client.simulator.calls == []


async def test_refuses_images_beyond_the_quota(client: Client) -> None:
    async with openai_images_simulator(images_per_minute=2) as simulator:
        limited = Client(simulator, client.session)
        await limited.draw(OPEN, n=2)
        status, answer = await limited.order(OPEN)
        assert (status, answer["error"]["code"]) == (429, "rate_limit_exceeded")

        simulator.reset()
        await limited.draw(OPEN)


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_has_openais_wording_and_costs_nothing(client: Client, name: str) -> None:
    client.simulator.faults.set(f"error-{name}")
    error = REFUSALS[name]

    async with client.session.post(
        f"{client.simulator.base_url}/v1/images/generations",
        json=GPT,
        headers={"Authorization": f"Bearer {client.simulator.api_key}"},
    ) as answer:
        assert (answer.status, await answer.json()) == (error.status, error.body)
        assert error.headers.items() <= {k.lower(): v for k, v in answer.headers.items()}.items()
    assert client.simulator.charged_images == 0


@pytest.mark.parametrize(("side", "charged"), [("before", 0), ("after", 1)])
async def test_moderation_may_withhold_a_drawn_image(client: Client, side: str, charged: int) -> None:
    client.simulator.faults.set(f"error-moderation-output-{side}-charge")

    status, answer = await client.order(GPT)
    assert (status, answer["error"]["code"]) == (400, "moderation_blocked")
    assert answer["error"]["moderation_details"]["moderation_stage"] == "output"
    assert client.simulator.charged_images == charged


@pytest.mark.parametrize(
    ("fault", "data"), [("data-missing", ...), ("data-null", None), ("data-object", {}), ("data-of-strings", ["image"])]
)
async def test_data_may_be_malformed(client: Client, fault: str, data: object) -> None:
    client.simulator.faults.set(fault)

    status, answer = await client.order(OPEN)
    assert (status, answer.get("data", ...)) == (200, data)


async def test_a_link_may_come_in_place_of_base64(client: Client) -> None:
    client.simulator.faults.set("linked-instead")

    _, answer = await client.order(GPT)
    assert answer["data"] == [{"url": "https://images.example.com/drawn.png"}]
