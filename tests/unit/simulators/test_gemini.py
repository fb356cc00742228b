"""The simulated Gemini API over HTTP: orders accepted and refused, and answers."""

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

from simulators.gemini import GeminiSimulator, gemini_simulator

FLASH = "gemini-3.1-flash-image"


def body_of(config: dict[str, Any] | None = None, prompt: str = "a lighthouse", **members: object) -> dict[str, Any]:
    return {
        "contents": [{"role": "user", "parts": [{"text": prompt}]}],
        "generationConfig": {"responseModalities": ["IMAGE"], **(config or {})},
        **members,
    }


@dataclass(frozen=True)
class Client:
    simulator: GeminiSimulator
    session: aiohttp.ClientSession

    async def post(
        self, body: object, *, model: str = FLASH, query: str = "", **headers: str | None
    ) -> tuple[int, dict[str, Any]]:
        """Send a call; return the status and the JSON of the answer."""
        sent = {"x-goog-api-key": self.simulator.api_key, "content-type": "application/json"}
        wanted = {name: value for name, value in (sent | _dashed(headers)).items() if value is not None}
        url = f"{self.simulator.base_url}/v1beta/models/{model}:generateContent{query}"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.session.post(url, data=data, headers=wanted) as answer:
            return answer.status, await answer.json()


def _dashed(headers: dict[str, str | None]) -> dict[str, str | None]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with gemini_simulator() as simulator, aiohttp.ClientSession() as session:
        yield Client(simulator, session)


@pytest.mark.parametrize(
    ("model", "image", "size"),
    [
        (FLASH, {}, (1024, 1024)),
        (FLASH, {"aspectRatio": "16:9"}, (1376, 768)),
        (FLASH, {"aspectRatio": "1:8", "imageSize": "512"}, (176, 1464)),
        ("gemini-3-pro-image", {"aspectRatio": "21:9", "imageSize": "2K"}, (3168, 1344)),
    ],
)
async def test_draws_a_shape(client: Client, model: str, image: dict[str, str], size: tuple[int, int]) -> None:
    status, answer = await client.post(body_of({"imageConfig": image, "seed": -1}), model=model)

    assert status == 200
    *_, part = answer["candidates"][0]["content"]["parts"]
    with Image.open(io.BytesIO(base64.b64decode(part["inlineData"]["data"]))) as drawn:
        assert (drawn.size, drawn.format) == (size, "PNG")
    assert client.simulator.charged_images == 1


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"seed": 2**31}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": "7"}, "seed"),
        ({"width": 1024}, "width"),
        ({"candidateCount": 2}, "Multiple candidates"),
        ({"responseModalities": ["TEXT"]}, "modalities"),
        ({"imageConfig": {"aspectRatio": "7:5"}}, "aspect_ratio"),
        ({"imageConfig": {"imageSize": "1k"}}, "image_size"),
        ({"imageConfig": {"personGeneration": "ALLOW_ALL"}}, "personGeneration"),
        ({"imageConfig": {"imageOutputOptions": {"mimeType": "image/png"}}}, "imageOutputOptions"),
    ],
)
async def test_refuses_an_invalid_config_and_charges_nothing(client: Client, config: dict[str, Any], says: str) -> None:
    status, answer = await client.post(body_of(config))

    assert (status, answer["error"]["code"], answer["error"]["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert says in answer["error"]["message"]
    assert client.simulator.charged_images == 0


@pytest.mark.parametrize(
    "body", [b"{", b"[]", {}, body_of(negativePrompt="fog"), body_of(prompt=" "), {"contents": []}], ids=repr
)
async def test_refuses_a_body_that_is_not_an_order(client: Client, body: object) -> None:
    assert (await client.post(body))[0] == 400


async def test_only_the_newer_flash_models_have_long_ratios_and_small_tiers(client: Client) -> None:
    for image in ({"aspectRatio": "1:4"}, {"imageSize": "512"}):
        assert (await client.post(body_of({"imageConfig": image})))[0] == 200
        assert (await client.post(body_of({"imageConfig": image}), model="gemini-3-pro-image"))[0] == 400


async def test_the_key_is_accepted_only_in_its_header(client: Client) -> None:
    key = client.simulator.api_key
    assert (await client.post(body_of(), x_goog_api_key=None, query=f"?key={key}"))[0] == 403
    assert (await client.post(body_of(), query=f"?key={key}"))[0] == 403
    assert (await client.post(body_of(), x_goog_api_key=None, authorization=f"Bearer {key}"))[0] == 403
    status, answer = await client.post(body_of(), x_goog_api_key="wrong")
    assert (status, answer["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")


async def test_a_retired_model_is_not_found(client: Client) -> None:
    status, answer = await client.post(body_of(), model="gemini-2.5-flash-image")

    assert (status, answer["error"]["status"]) == (404, "NOT_FOUND")


async def test_the_quota_is_per_minute() -> None:
    async with gemini_simulator(images_per_minute=1) as simulator, aiohttp.ClientSession() as session:
        client = Client(simulator, session)
        assert [(await client.post(body_of()))[0] for _ in range(2)] == [200, 429]
