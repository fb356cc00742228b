"""The simulated Karlo over HTTP: orders that it accepts and refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulators.karlo import karlo_simulator
from unit.simulators.karlo_client import ORDER, PATH, KarloClient

V20 = {"version": "v2.0", "width": 640, "height": 384}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        V20,
        V20 | {"prompt": "é" * 256},
        {"prompt": "é" * 2048, "negative_prompt": "x" * 2048, "width": 1280, "height": 1280},
        {"samples": 8},
        {"seed": [0, 4294967295], "samples": 2},
        {"seed": [7]},
        {"num_inference_steps": 10, "guidance_scale": 20},
        {"prior_num_inference_steps": 100, "prior_guidance_scale": 1.0},
        {"scheduler": "decoder_ddpm_v_prediction"},
        {"image_format": "png", "image_quality": 100, "return_type": "base64_string", "nsfw_checker": True},
        {"width": 1024, "height": 512, "upscale": True, "scale": 2},
    ],
    ids=str,
)
async def test_accepts(client: KarloClient, fields: dict[str, Any]) -> None:
    images = await client.draw(**fields)

    assert len(images) == client.karlo.charged_images == fields.get("samples", 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"version": "v1.4"},
        {"version": "v2.2"},
        {"version": None},
        {"prompt": ""},
        {"prompt": "x" * 2049},
        {"prompt": ["x"]},
        V20 | {"prompt": "x" * 257},
        V20 | {"negative_prompt": "x" * 257},
        V20 | {"width": 648},
        V20 | {"height": 376},
        {"width": 385},
        {"width": 376},
        {"height": 1288},
        {"height": "384"},
        {"height": 384.0},
        {"height": True},
        {"negative_prompt": None},
        {"samples": 0},
        {"samples": 9},
        {"samples": 1.5},
        {"seed": 1},
        {"seed": [1, 2]},
        {"seed": []},
        {"seed": [1], "samples": 2},
        {"seed": [-1]},
        {"seed": [4294967296]},
        {"seed": [1.5]},
        {"seed": [True]},
        {"seed": ["1"]},
        {"seed": [None]},
        {"seed": None},
        {"num_inference_steps": 9},
        {"num_inference_steps": 101},
        {"num_inference_steps": 50.0},
        {"num_inference_steps": None},
        {"guidance_scale": 0.99},
        {"guidance_scale": 20.01},
        {"guidance_scale": "5"},
        {"guidance_scale": True},
        {"prior_num_inference_steps": 101},
        {"prior_guidance_scale": 0},
        {"scheduler": "euler"},
        {"upscale": 1},
        {"upscale": True, "scale": 3},
        {"upscale": True, "scale": 4, "width": 1280},
        {"image_format": "gif"},
        {"image_quality": 0},
        {"image_quality": 101},
        {"return_type": "base64"},
        {"nsfw_checker": "no"},
        {"steps": 50},
    ],
    ids=str,
)
async def test_refuses_a_parameter(client: KarloClient, fields: dict[str, Any]) -> None:
    status, answer = await client.order(**fields)

    assert (status, answer["code"]) == (400, -2)
    assert answer["msg"]
    assert client.karlo.charged_images == 0


@pytest.mark.parametrize("missing", ["version", "prompt", "width", "height"])
async def test_refuses_an_order_without(client: KarloClient, missing: str) -> None:
    status, answer = await client.post(json.dumps({k: v for k, v in ORDER.items() if k != missing}).encode())

    assert (status, answer["code"]) == (400, -2)
    assert missing in answer["msg"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b"[" * 100_000,
        b'{"prompt": "\xff"}',
        json.dumps(ORDER).encode() + b"}",
        json.dumps(ORDER | {"guidance_scale": float("nan")}).encode(),
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_refuses_a_body_that_is_not_an_order(client: KarloClient, body: bytes) -> None:
    status, answer = await client.post(body)

    assert (status, answer["code"]) == (400, -2)
    assert client.karlo.calls[0].raw == body
    assert client.karlo.charged_images == 0


@pytest.mark.parametrize(
    "authorization",
    ["", "KakaoAK", "KakaoAK wrong", "Bearer karlo-test-key", "kakaoak karlo-test-key", "karlo-test-key"],
)
async def test_refuses_a_wrong_key(client: KarloClient, authorization: str) -> None:
    status, answer = await client.post(json.dumps(ORDER).encode(), Authorization=authorization)

    assert (status, answer["code"]) == (401, -401)
    assert client.karlo.charged_images == 0


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
async def test_refuses_another_content_type(client: KarloClient, content_type: str) -> None:
    status, answer = await client.post(json.dumps(ORDER).encode(), Content_Type=content_type)

    assert (status, answer["code"]) == (400, -8)


async def test_accepts_a_content_type_with_charset(client: KarloClient) -> None:
    status, _ = await client.post(json.dumps(ORDER).encode(), Content_Type="application/json; charset=utf-8")

    assert status == 200


async def test_refuses_any_other_method_or_path(client: KarloClient) -> None:
    async with client.session.get(client.karlo.base_url + PATH) as answer:
        assert answer.status == 405
    async with client.session.post(client.karlo.base_url + "/v1/inference/karlo/t2i") as answer:
        assert answer.status == 404


async def test_refuses_images_beyond_the_quota(client: KarloClient) -> None:
    now = 0.0
    async with karlo_simulator(images_per_minute=30, clock=lambda: now) as karlo:
        client = KarloClient(karlo, client.session)
        for _ in range(3):
            await client.draw(samples=8)
        status, answer = await client.order(samples=7)
        assert (status, answer["code"]) == (400, -10)
        assert karlo.charged_images == 24

        now = 60.0
        await client.draw(samples=7)
        karlo.reset()
        await client.draw(samples=8)


async def test_a_refused_order_does_not_use_the_quota(client: KarloClient) -> None:
    async with karlo_simulator(images_per_minute=1) as karlo:
        client = KarloClient(karlo, client.session)
        await client.order(width=1)
        await client.draw()
