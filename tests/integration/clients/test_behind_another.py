"""Darkroom in front of Darkroom: the `openai` generator of one service calls the images API of the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from conformance.generations import received
from darkroom.adapters.generators.openai_images import open_openai_images, parse_models
from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.price import read_price
from darkroom.domain.model.values import Seed
from darkroom.domain.ports import Call, CallState, ImageGenerator
from harness.orders import Order
from harness.waiting import until
from harness.workshop import open_workshop
from integration.http.generators import FailingGenerator, GatedGenerator
from integration.http.house import House, bearer, open_house, token
from servers.s3 import S3Server

DECLARED = "memory=16-2048 seed=told negative_prompt num_inference_steps=50(10-100) guidance_scale=5.0(1-20)"
ORDER: dict[str, Any] = {
    "negative_prompt": "fog",
    "seed": [3, 4],
    "num_inference_steps": 20,
    "guidance_scale": 7.5,
    "width": 96,
    "height": 64,
}


@asynccontextmanager
async def in_front_of(behind: House) -> AsyncIterator[ImageGenerator]:
    models, base_url = parse_models([DECLARED]), f"http://127.0.0.1:{behind.port}/v1"
    async with open_openai_images(api_key=token(sub="front"), base_url=base_url, models=models) as generator:
        yield generator


@asynccontextmanager
async def two(generator: ImageGenerator) -> AsyncIterator[tuple[House, House]]:
    """The service that clients call, and the service behind it, which draws."""
    async with (
        open_house(generator=generator, guarded=True) as behind,
        in_front_of(behind) as calling,
        open_house(generator=calling) as front,
    ):
        yield front, behind


async def test_every_parameter_arrives_and_seeds_and_costs_come_back() -> None:
    generator = InMemoryImageGenerator(replace(WIDEST_CARD, price=read_price("0.02 USD")))
    async with two(generator) as (front, behind):
        answer = await front.order(**ORDER)
        callers = ((front, bearer()), (behind, bearer(sub="front")))
        usages = [(await house.client.get("/api/usage", headers=caller)).json()["today"] for house, caller in callers]
    assert [image["seed"] for image in answer.json()] == [3, 4]
    asked = sorted((request for request, _ in generator.asked), key=lambda request: request.seeds[0].value)
    assert [[seed.value for seed in request.seeds] for request in asked] == [[3], [4]]
    for request in asked:
        honoured = {"negative_prompt": "fog", "num_inference_steps": 20, "guidance_scale": 7.5}
        assert (request.prompt.value, request.parameters.given) == ("a lighthouse in a storm", honoured)
        assert (request.size.width, request.size.height) == (96, 64)
    assert answer.headers["darkroom-cost"] == "0.04 USD"
    assert usages == [{"images": 2, "cost": [{"amount": "0.04", "currency": "USD"}]}] * 2


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (GeneratorUnavailable("later"), ("generator-unavailable", "no")),
        (PromptRejected("no"), ("prompt-rejected", "no")),
        (PromptRejected("no", charged=Charged.YES), ("prompt-rejected", "yes")),
        (OutcomeUnknown("cut off"), ("outcome-unknown", "unknown")),
        (UnusableImage("no image"), ("unusable-image", "yes")),
    ],
)
async def test_the_front_service_reports_what_the_one_behind_knows_of_the_charge(
    failure: DrawingFailed, told: tuple[str, str]
) -> None:
    generator = FailingGenerator(failure)
    async with two(generator) as (front, _):
        problem = (await front.order()).json()
    assert (problem["type"].removeprefix("/problems/"), problem["charged"]) == told
    assert len(generator.asked) == 1


class Ledger(InMemoryGenerationLedger):
    """Counts the calls that were cut off."""

    cut = 0

    async def track(self, call: Call, within: timedelta) -> Call:
        self.cut += call.state is CallState.CUT
        return await super().track(call, within)


async def test_an_order_that_the_front_service_lost_is_paid_once() -> None:
    """The front service is killed during the call, and its client places the same order again."""
    drawing, ledger = GatedGenerator(), Ledger()
    request = replace(received(version="memory").request, seeds=(Seed(7),))
    async with open_house(generator=drawing, ledger=ledger, guarded=True) as behind:
        async with in_front_of(behind) as front:
            asking = asyncio.create_task(front.submit(request, "one"))
            await until(lambda: len(drawing.asked) == 1)
            asking.cancel()
        await until(lambda: ledger.cut == 1)
        drawing.gate.set()
        async with in_front_of(behind) as front:
            receipt = await front.submit(request, "another")
    assert [image.seed for image in receipt.images] == [Seed(7)]
    assert len(drawing.asked) == 1


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("killed", ["the one in front", "the one behind"])
async def test_an_order_through_two_ledgers_is_charged_once_if_either_service_is_killed(
    tmp_path: Path, s3: S3Server, killed: str
) -> None:
    async with open_workshop(tmp_path, s3, database_url=None, seconds_per_image=2) as workshop:
        behind = workshop.seat()
        front = workshop.seat(
            {
                "DARKROOM_GENERATORS": "openai",
                "DARKROOM_OPENAI_BASE_URL": f"{behind.url}/v1",
                "DARKROOM_OPENAI_API_KEY": workshop.caller.authorization.removeprefix("Bearer "),
                "DARKROOM_OPENAI_MODELS": "v2.0=384-640/8 seed=told negative_prompt",
            }
        )
        await behind.start()
        await front.start()
        order = Order(key="a key", prompt="a lighthouse", seeds=(7,))
        ordering = asyncio.create_task(workshop.caller.order(front.url, order))
        await workshop.until_charged(1)
        dying = front if killed == "the one in front" else behind
        await dying.kill()
        if dying is front:
            with pytest.raises(aiohttp.ClientError):
                await ordering
        else:
            assert (await ordering).charged == "unknown"
        await dying.start()
        again = await workshop.caller.order(front.url, order)
        assert (again.kind, again.charged) == ("outcome-unknown", "unknown")
        assert workshop.charged() == 1

        anew = await workshop.caller.order(front.url, replace(order, key="another key"))
        if dying is front:  # it receives the image that was drawn behind meanwhile
            assert ([image.seed for image in anew.images], workshop.charged()) == ([7], 1)
        else:  # the outcome of the interrupted call is reported once
            assert (anew.charged, workshop.charged()) == ("unknown", 1)
