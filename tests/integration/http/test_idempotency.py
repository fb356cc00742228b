"""Idempotency keys: a repeated order gets the answer of the first one, and is paid once."""

from __future__ import annotations

import asyncio

import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.domain.model.errors import (
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from integration.http.generators import FailingGenerator, GatedGenerator, StingyGenerator
from integration.http.house import ORDER, House, bearer, open_house

KEY = {"Idempotency-Key": "order 66"}


async def test_a_repeated_order_gives_the_same_images_and_is_paid_once() -> None:
    generator = InMemoryImageGenerator()
    async with open_house(generator=generator) as house:
        first, second = await house.order(KEY, samples=2), await house.order(KEY, samples=2)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert first.headers["link"] == second.headers["link"]
    assert "idempotency-replay" not in first.headers
    assert second.headers["idempotency-replay"] == "true"
    assert len(generator.asked) == 1


async def test_orders_are_compared_as_decoded(house: House) -> None:
    await house.order(KEY)
    again = await house.client.post(
        "/api/images",
        content=rb'{"height":48,"width":64, "seed":null,"prompt":"a lighthouse in a st\u006frm","version":"memory"}',
        headers=KEY | {"Content-Type": "application/json"},
    )
    assert again.headers["idempotency-replay"] == "true"


async def test_a_key_stands_for_one_order(house: House) -> None:
    await house.order(KEY)
    other = await house.order(KEY, samples=1)
    assert other.status_code == 422
    assert (other.json()["type"], other.json()["charged"]) == ("/problems/idempotency-key-reused", "no")


async def test_callers_may_use_the_same_key(house: House) -> None:
    await house.order(KEY)
    answer = await house.order(KEY | bearer(sub="grace"), prompt="another")
    assert answer.status_code == 200
    assert "idempotency-replay" not in answer.headers


async def test_without_a_key_every_order_is_a_new_one(house: House) -> None:
    assert (await house.order()).headers["link"] != (await house.order()).headers["link"]


async def test_a_repeated_order_waits_for_the_running_one() -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator) as house:
        orders = [asyncio.create_task(house.order(KEY)) for _ in range(10)]
        waiting = await house.order(KEY | {"Prefer": "respond-async"})
        generator.gate.set()
        answers = await asyncio.gather(*orders)
    assert waiting.status_code == 202
    assert len({answer.text for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {200}
    assert sum("idempotency-replay" not in answer.headers for answer in [*answers, waiting]) == 1
    assert len(generator.asked) == 1


@pytest.mark.parametrize(
    "failure",
    [
        OutcomeUnknown("cut off"),
        UnusableImage("not an image"),
        PromptRejected("flagged", charged=UnusableImage.charged),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_an_order_that_may_have_been_charged_is_kept_under_its_key_and_never_sent_again(
    failure: DrawingFailed,
) -> None:
    generator = FailingGenerator(failure)
    async with open_house(generator=generator) as house:
        first, second = await house.order(KEY), await house.order(KEY)
    assert first.json()["charged"] == failure.charged
    assert second.headers["idempotency-replay"] == "true"
    assert first.json() | {"request_id": ""} == second.json() | {"request_id": ""}
    assert len(generator.asked) == 1


@pytest.mark.parametrize(
    "failure",
    [GeneratorRefused("no such key"), GeneratorUnavailable("maintenance"), PromptRejected("flagged")],
    ids=lambda failure: type(failure).__name__,
)
async def test_an_order_that_cost_nothing_frees_its_key(failure: DrawingFailed) -> None:
    generator = FailingGenerator(failure)
    async with open_house(generator=generator) as house:
        first, second = await house.order(KEY), await house.order(KEY, prompt="another")
    assert first.json()["charged"] == "no"
    assert second.status_code == first.status_code
    assert "idempotency-replay" not in second.headers
    assert len(generator.asked) == 2


async def test_the_images_of_a_partly_failed_order_are_replayed_with_its_problem() -> None:
    async with open_house(generator=StingyGenerator(UnusableImage("the others are broken"))) as house:
        first, second = await house.order(KEY, seed=[1, 2, 3]), await house.order(KEY, seed=[1, 2, 3])
    assert [image["seed"] for image in first.json()["images"]] == [1]
    assert first.json()["images"] == second.json()["images"]


async def test_a_repeated_order_whose_generation_was_deleted_is_gone(house: House) -> None:
    first = await house.order(KEY)
    assert (await house.client.delete(first.links["describedby"]["url"])).status_code == 204
    again = await house.order(KEY)
    assert again.status_code == 410
    assert (again.json()["type"], again.json()["charged"]) == ("/problems/gone", "yes")


async def test_a_cancelled_order_frees_its_key() -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator, max_in_flight=1) as house:
        await house.order({"Prefer": "respond-async"})
        waiting = await house.order(KEY | {"Prefer": "respond-async"})
        assert (await house.client.delete(waiting.headers["location"])).status_code == 204
        generator.gate.set()
        answer = await house.order(KEY, prompt="another")
    assert answer.status_code == 200
    assert "idempotency-replay" not in answer.headers


@pytest.mark.parametrize("key", ["x", "~" * 255, "a b!", '"quoted"'])
async def test_a_key_may_be_any_printable_ascii(house: House, key: str) -> None:
    await house.order({"Idempotency-Key": key})
    assert (await house.order({"Idempotency-Key": key})).headers["idempotency-replay"] == "true"


async def test_an_invalid_order_does_not_use_up_its_key(house: House) -> None:
    await house.client.post("/api/images", json=ORDER | {"width": 1}, headers=KEY)
    assert "idempotency-replay" not in (await house.order(KEY)).headers
