"""The simulated Stability AI over HTTP: orders accepted and refused, and answers."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
import pytest
from PIL import Image

from simulators.stability import StabilitySimulator, stability_simulator
from simulators.stability.errors import ERRORS
from simulators.stability.order import RATIOS

PROMPT = "a lighthouse,\r\nat night"


@dataclass(frozen=True)
class Client:
    simulator: StabilitySimulator
    session: aiohttp.ClientSession

    async def order(
        self, service: str, fields: Mapping[str, object], *, accept: str = "application/json", key: str = ""
    ) -> tuple[int, Any, bytes]:
        """Send an order with a prompt and the given fields; return the status, headers and body of the answer."""
        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in {"prompt": PROMPT, **fields}.items():
            if value is not None:
                form.add_field(name, str(value))
        return await self.post(service, form, accept=accept, key=key)

    async def post(
        self,
        service: str,
        body: bytes | aiohttp.FormData,
        *,
        accept: str = "application/json",
        key: str = "",
        **headers: str,
    ) -> tuple[int, Any, bytes]:
        sent = {"authorization": f"Bearer {key or self.simulator.api_key}", "accept": accept}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.simulator.base_url}/v2beta/stable-image/generate/{service}"
        async with self.session.post(url, data=body, headers=sent) as answer:
            return answer.status, answer.headers, await answer.read()

    async def draw(self, service: str = "sd3", /, **fields: object) -> dict[str, Any]:
        status, _, body = await self.order(service, fields)
        assert status == 200, body
        answer: dict[str, Any] = json.loads(body)
        return answer


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with stability_simulator() as simulator, aiohttp.ClientSession() as session:
        yield Client(simulator, session)


def opened(data: bytes) -> tuple[tuple[int, int], str | None]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size, image.format


@pytest.mark.parametrize(
    ("service", "fields"),
    [
        ("core", {}),
        ("ultra", {}),
        ("sd3", {}),
        ("ultra", {"prompt": "é" * 10_000, "negative_prompt": "é" * 10_000, "aspect_ratio": "9:21"}),
        ("core", {"seed": 4294967294, "output_format": "webp", "style_preset": "neon-punk"}),
        ("sd3", {"mode": "text-to-image", "model": "sd3.5-flash", "cfg_scale": 10, "seed": 0, "output_format": "jpeg"}),
    ],
    ids=str,
)
async def test_accepts(client: Client, service: str, fields: dict[str, object]) -> None:
    assert (await client.draw(service, **fields))["finish_reason"] == "SUCCESS"
    assert client.simulator.charged_images == 1


@pytest.mark.parametrize(
    ("service", "fields", "wrong"),
    [
        ("core", {"prompt": None, "seed": 1}, "prompt"),
        ("core", {"prompt": ""}, "prompt"),
        ("core", {"prompt": "x" * 10_001}, "prompt"),
        ("core", {"negative_prompt": "x" * 10_001}, "negative_prompt"),
        ("core", {"aspect_ratio": "4:3"}, "aspect_ratio"),
        ("core", {"seed": -1}, "seed"),
        ("core", {"seed": 4294967295}, "seed"),
        ("core", {"seed": 1.5}, "seed"),
        ("core", {"output_format": "gif"}, "output_format"),
        ("core", {"width": 1024}, "width"),
        ("core", {"model": "sd3.5-large"}, "model"),
        ("ultra", {"cfg_scale": 4}, "cfg_scale"),
        ("sd3", {"output_format": "webp"}, "output_format"),
        ("sd3", {"model": "sd3.5"}, "model"),
        ("sd3", {"mode": "image-to-image"}, "mode"),
        ("sd3", {"cfg_scale": 0.9}, "cfg_scale"),
        ("sd3", {"cfg_scale": 10.1}, "cfg_scale"),
    ],
    ids=str,
)
async def test_refuses_a_field_by_name(client: Client, service: str, fields: dict[str, object], wrong: str) -> None:
    status, _, body = await client.order(service, fields)

    answer = json.loads(body)
    assert (status, answer["name"], answer.keys()) == (400, "bad_request", {"id", "name", "errors"})
    assert answer["errors"][0].startswith(f"{wrong}: ")
    assert client.simulator.charged_images == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"accept": "text/html"}, 400), ({"accept": "*/*"}, 400), ({"key": "wrong"}, 401)],
    ids=str,
)
async def test_refuses_a_header(client: Client, headers: dict[str, str], status: int) -> None:
    assert (await client.order("sd3", {}, **headers))[0] == status


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"prompt": "a lighthouse"}'),
        ("application/x-www-form-urlencoded", b"prompt=a+lighthouse"),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=b", b"no form"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n\xff\r\n--b--',
        ),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_refuses_a_body_that_is_not_a_form(client: Client, content_type: str, body: bytes) -> None:
    status, _, answer = await client.post("core", body, content_type=content_type)

    assert (status, json.loads(answer)["name"]) == (400, "bad_request")


async def test_refuses_a_field_that_comes_twice(client: Client) -> None:
    form = aiohttp.FormData([("prompt", "a"), ("prompt", "b")], default_to_multipart=True)

    assert (await client.post("core", form))[0] == 400


async def test_knows_no_other_service(client: Client) -> None:
    assert (await client.order("sdxl", {}))[0] == 404


async def test_an_image_comes_in_json_or_as_bytes(client: Client) -> None:
    status, headers, body = await client.order("sd3", {"seed": 7})
    assert (status, headers["content-type"]) == (200, "application/json; type=image/png")
    answer = json.loads(body)
    assert answer | {"seed": 7, "finish_reason": "SUCCESS"} == answer
    assert answer.keys() == {"image", "seed", "finish_reason"}

    status, headers, body = await client.order("sd3", {"seed": 7}, accept="image/*")
    assert (status, headers["content-type"], headers["seed"], headers["finish-reason"]) == (
        200,
        "image/png",
        "7",
        "SUCCESS",
    )
    assert body == base64.b64decode(answer["image"], validate=True)
    assert headers["x-request-id"]


@pytest.mark.parametrize("ratio", RATIOS)
async def test_an_image_has_the_ratio_that_was_ordered(client: Client, ratio: str) -> None:
    for service, megapixels in (("sd3", 1.0), ("ultra", 1.0), ("core", 1.5)):
        answer = await client.draw(service, aspect_ratio=ratio, output_format="jpeg")
        (width, height), image_format = opened(base64.b64decode(answer["image"]))
        wide, high = map(int, ratio.split(":"))

        assert image_format == "JPEG"
        assert width / height == pytest.approx(wide / high, rel=0.05)
        assert width * height / 1024**2 == pytest.approx(megapixels, rel=0.1)


async def test_the_same_seed_gives_the_same_image_and_no_seed_a_new_one(client: Client) -> None:
    first, again, other = [(await client.draw(seed=seed))["image"] for seed in (7, 7, 8)]
    assert first == again != other

    drawn = [await client.draw(seed=seed) for seed in (0, 0, None)]
    assert len({answer["image"] for answer in drawn}) == 3
    assert all(1 <= answer["seed"] <= 4294967294 for answer in drawn)


@pytest.mark.parametrize(
    "fields",
    [{"prompt": "a bridge"}, {"negative_prompt": "fog"}, {"model": "sd3.5-medium"}, {"cfg_scale": 2}],
    ids=str,
)
async def test_another_value_of_any_field_gives_another_image(client: Client, fields: dict[str, object]) -> None:
    assert (await client.draw(seed=7, **fields))["image"] != (await client.draw(seed=7))["image"]


async def test_reports_the_balance_for_free(client: Client) -> None:
    url = f"{client.simulator.base_url}/v1/user/balance"
    async with client.session.get(url, headers={"authorization": f"Bearer {client.simulator.api_key}"}) as answer:
        assert (await answer.json())["credits"] > 0
    async with client.session.get(url) as answer:
        assert answer.status == 401
    assert client.simulator.calls == []


async def test_refuses_images_beyond_the_quota(client: Client) -> None:
    async with stability_simulator(images_per_minute=1) as simulator:
        limited = Client(simulator, client.session)
        await limited.draw()
        assert (await limited.order("sd3", {}))[0] == 429

        simulator.reset()
        await limited.draw()


@pytest.mark.parametrize("name", ERRORS)
async def test_a_refusal_has_stabilitys_wording_and_costs_nothing(client: Client, name: str) -> None:
    client.simulator.faults.set(f"error-{name.replace('_', '-')}")
    error = ERRORS[name]

    status, _, body = await client.order("sd3", {})
    answer = json.loads(body)
    assert (status, answer["name"], answer["errors"]) == (error.status, name, list(error.errors))
    assert client.simulator.charged_images == 0


async def test_a_blurred_image_is_declared_and_charged(client: Client) -> None:
    client.simulator.faults.set("content-filtered")

    assert (await client.draw())["finish_reason"] == "CONTENT_FILTERED"
    assert (await client.order("sd3", {}, accept="image/*"))[1]["finish-reason"] == "CONTENT_FILTERED"
    assert client.simulator.charged_images == 2


async def test_finish_reason_may_be_unknown_or_missing(client: Client) -> None:
    client.simulator.faults.set("finished-oddly")
    assert (await client.draw())["finish_reason"] == "ERROR"

    client.simulator.faults.clear()
    client.simulator.faults.set("finish-reason-missing")
    assert (await client.draw()).keys() == {"image", "seed"}


@pytest.mark.parametrize("fault", ["images-none", "image-missing", "image-number", "base64-cut-short"])
async def test_a_fault_of_the_image_keeps_the_status_in_json_and_bytes(client: Client, fault: str) -> None:
    order = partial(client.order, "sd3", {"seed": 7})
    whole = [await order(), await order(accept="image/*")]
    client.simulator.faults.set(fault)
    faulty = [await order(), await order(accept="image/*")]

    assert [status for status, _, _ in faulty] == [200, 200]
    assert all(body != as_drawn for (_, _, body), (_, _, as_drawn) in zip(faulty, whole, strict=True))
