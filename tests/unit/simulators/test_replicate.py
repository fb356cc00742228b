"""The simulated Replicate over HTTP: orders accepted and refused, and answers."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from PIL import Image

from simulators.replicate import ReplicateSimulator, replicate_simulator
from simulators.replicate.faults import REFUSALS
from simulators.replicate.order import FLUX, SDXL, SDXL_VERSION

ORDER: dict[str, Any] = {"prompt": "a lighthouse", "seed": 7, "width": 128, "height": 64}
FLUX_ORDER: dict[str, Any] = {"prompt": "a lighthouse", "seed": 7, "aspect_ratio": "16:9"}


@dataclass(frozen=True)
class Client:
    simulator: ReplicateSimulator
    session: aiohttp.ClientSession

    async def ask(self, verb: str, path: str, token: str | None = None, **body: object) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token or self.simulator.api_token}"}
        url = f"{self.simulator.base_url}/v1{path}"
        async with self.session.request(verb, url, headers=headers, json=body or None) as answer:
            return answer.status, await answer.json()

    async def create(self, **inputs: object) -> tuple[int, Any]:
        return await self.ask("POST", "/predictions", version=SDXL, input=ORDER | inputs)

    async def create_flux(self, **inputs: object) -> tuple[int, Any]:
        return await self.ask("POST", f"/models/{FLUX}/predictions", input=FLUX_ORDER | inputs)

    async def poll(self, prediction: dict[str, Any]) -> dict[str, Any]:
        status, said = await self.ask("GET", f"/predictions/{prediction['id']}")
        assert status == 200
        polled: dict[str, Any] = said
        return polled

    async def output(self, created: tuple[int, Any]) -> list[bytes]:
        assert created[0] == 201, created
        await self.poll(created[1])
        files = []
        for link in (await self.poll(created[1]))["output"]:
            async with self.session.get(link) as answer:
                files.append(await answer.read())
        return files


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with replicate_simulator() as simulator, aiohttp.ClientSession() as session:
        yield Client(simulator, session)


async def test_a_prediction_advances_with_each_poll(client: Client) -> None:
    _, created = await client.create()
    polls = [created, await client.poll(created), await client.poll(created)]

    assert [one["status"] for one in polls] == ["starting", "processing", "succeeded"]
    assert [one["output"] is None for one in polls] == [True, True, False]
    assert polls[2]["urls"]["cancel"] == f"{client.simulator.base_url}/v1/predictions/{created['id']}/cancel"
    assert client.simulator.charged_images == 1


async def test_takes_the_configured_time_for_each_image() -> None:
    now = 1000.0
    async with (
        replicate_simulator(seconds_per_image=5, clock=lambda: now) as simulator,
        aiohttp.ClientSession() as session,
    ):
        client = Client(simulator, session)
        _, created = await client.create()
        waiting = [(await client.poll(created))["status"] for _ in range(3)]
        now += 5
        done = (await client.poll(created))["status"]

    assert (waiting, done) == (["processing"] * 3, "succeeded")


async def test_equal_inputs_give_equal_images_and_different_ones_give_different_images(client: Client) -> None:
    first, again, other = [await client.output(await client.create(seed=seed)) for seed in (7, 7, 8)]

    assert first == again != other
    with Image.open(io.BytesIO(first[0])) as opened:
        assert (opened.size, opened.format) == ((128, 64), "PNG")


@pytest.mark.parametrize(("output_format", "image_format"), [("webp", "WEBP"), ("jpg", "JPEG"), ("png", "PNG")])
async def test_an_official_model_draws_by_ratio_in_any_format(
    client: Client, output_format: str, image_format: str
) -> None:
    (file,) = await client.output(await client.create_flux(output_format=output_format))

    with Image.open(io.BytesIO(file)) as opened:
        assert (opened.size, opened.format) == ((1344, 768), image_format)


async def test_several_outputs_are_several_files(client: Client) -> None:
    assert len(set(await client.output(await client.create(num_outputs=3)))) == 3
    assert client.simulator.charged_images == 3


async def test_a_prediction_can_be_cancelled_until_it_is_done(client: Client) -> None:
    _, created = await client.create()
    path = f"/predictions/{created['id']}"

    assert (await client.ask("POST", f"{path}/cancel"))[1]["status"] == "canceled"
    assert (await client.ask("GET", path))[1]["status"] == "canceled"

    _, created = await client.create()
    await client.output((201, created))
    assert (await client.ask("POST", f"/predictions/{created['id']}/cancel"))[1]["status"] == "succeeded"
    assert client.simulator.canceled == 1


@pytest.mark.parametrize("version", [SDXL, SDXL_VERSION])
async def test_a_version_is_known_with_and_without_its_model(client: Client, version: str) -> None:
    assert (await client.ask("POST", "/predictions", version=version, input=ORDER))[0] == 201


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/predictions", {"version": "a/b:1", "input": ORDER}, 422),
        ("/predictions", {"version": SDXL}, 422),
        ("/predictions", {"version": SDXL, "input": ORDER | {"width": 100}}, 422),
        ("/predictions", {"version": SDXL, "input": ORDER | {"seed": "7"}}, 422),
        ("/predictions", {"version": SDXL, "input": ORDER | {"guidance": 3}}, 422),
        ("/predictions", {"version": SDXL, "input": ORDER | {"num_outputs": 5}}, 422),
        (f"/models/{FLUX}/predictions", {"input": FLUX_ORDER | {"aspect_ratio": "7:5"}}, 422),
        (f"/models/{FLUX}/predictions", {"input": FLUX_ORDER | {"guidance": 11}}, 422),
        ("/models/a/b/predictions", {"input": ORDER}, 404),
    ],
    ids=str,
)
async def test_refuses(client: Client, path: str, body: dict[str, Any], status: int) -> None:
    answered, answer = await client.ask("POST", path, **body)

    assert (answered, answer["status"]) == (status, status)
    assert client.simulator.charged_images == 0


@pytest.mark.parametrize(
    ("verb", "path"), [("GET", "/account"), ("GET", "/predictions/x"), ("POST", "/predictions/x/cancel")]
)
async def test_refuses_a_wrong_token(client: Client, verb: str, path: str) -> None:
    assert (await client.ask(verb, path, token="wrong"))[0] == 401
    assert (await client.ask("POST", "/predictions", token="wrong", version=SDXL, input=ORDER))[0] == 401


async def test_account_and_unknown_predictions_are_free_queries(client: Client) -> None:
    assert (await client.ask("GET", "/account"))[1]["type"] == "user"
    assert (await client.ask("GET", "/predictions/x"))[0] == 404
    assert client.simulator.calls == []


async def test_refuses_predictions_beyond_the_quota(client: Client) -> None:
    async with replicate_simulator(images_per_minute=1) as simulator:
        limited = Client(simulator, client.session)
        await limited.create()
        status, answer = await limited.create()
        assert (status, answer["retry_after"]) == (429, 12)

        simulator.reset()
        assert (await limited.create())[0] == 201


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_has_replicates_wording_and_costs_nothing(client: Client, name: str) -> None:
    client.simulator.faults.set(f"error-{name}")

    assert await client.create() == (REFUSALS[name].status, REFUSALS[name].body)
    assert client.simulator.charged_images == 0
