"""The cost of an order: in headers of answers, in problems, in generations, and in the usage."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.money import Money
from darkroom.domain.model.price import SizePrice, read_price
from darkroom.domain.model.values import ImageSize
from darkroom.domain.ports import ImageGenerator, Receipt
from integration.http.generators import PRICED
from integration.http.house import open_house

DOLLARS = {"currency": "USD"}


class ReportingItsCost(InMemoryImageGenerator):
    """Reports this cost in its receipts."""

    def __init__(self, reported: str, card: ModelCard = PRICED) -> None:
        super().__init__(card)
        self._reported = Money.parse(reported)

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        return replace(await super().submit(request, key), cost=self._reported)


class Failing(InMemoryImageGenerator):
    def __init__(self, failure: DrawingFailed) -> None:
        super().__init__(PRICED)
        self._failure = failure

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        raise self._failure


async def test_every_answer_about_an_order_says_what_it_costs() -> None:
    asked = {"model": "memory", "prompt": "a fox", "n": 2, "size": "64x64"}
    async with open_house(generator=InMemoryImageGenerator(PRICED)) as house:
        drawn = await house.order({"Idempotency-Key": "k"}, samples=2)
        again = await house.order({"Idempotency-Key": "k"}, samples=2)
        promised = await house.order({"Prefer": "respond-async"})
        shown = await house.client.get(drawn.headers["link"].partition(">")[0].lstrip("<"))
        at_v1 = await house.client.post("/v1/images/generations", json=asked)
    reported = [answer.headers["darkroom-cost"] for answer in (drawn, again, promised, shown, at_v1)]
    assert reported == ["0.04 USD", "0.04 USD", "0.02 USD", "0.04 USD", "0.04 USD"]
    assert shown.json()["cost"] == {"amount": "0.04"} | DOLLARS


async def test_without_a_price_no_cost_is_shown() -> None:
    async with open_house() as house:
        drawn = await house.order()
        shown = await house.client.get(drawn.headers["link"].partition(">")[0].lstrip("<"))
    assert ("darkroom-cost" in drawn.headers, "darkroom-cost" in shown.headers, shown.json()["cost"]) == (
        *(False, False),
        None,
    )


@pytest.mark.parametrize(
    ("failure", "cost"),
    [
        (OutcomeUnknown("cut off"), "0.02"),
        (UnusableImage("no image"), "0.02"),
        (PromptRejected("no", charged=Charged.YES), "0.02"),
        (PromptRejected("no", charged=Charged.NO), None),
        (GeneratorUnavailable("later"), None),
    ],
)
async def test_a_problem_says_what_was_or_may_have_been_charged(failure: DrawingFailed, cost: str | None) -> None:
    asked = {"model": "memory", "prompt": "a fox"}
    async with open_house(generator=Failing(failure)) as house:
        answer = await house.order()
        shown = (await house.client.get(answer.json()["instance"])).json()
        at_v1 = await house.client.post("/v1/images/generations", json=asked)
    price: dict[str, Any] | None = {"amount": cost} | DOLLARS if cost else None
    assert [answer.json().get("cost"), shown["cost"], shown["problem"].get("cost")] == [price] * 3
    assert [one.headers.get("darkroom-cost") for one in (answer, at_v1)] == [f"{cost} USD" if cost else None] * 2


@pytest.mark.parametrize(("reported", "charged"), [("0.05 USD", "0.05"), ("0.005 USD", "0.005"), ("7 KRW", "0.02")])
async def test_the_cost_that_the_provider_reports_is_what_was_spent(
    reported: str, charged: str, caplog: pytest.LogCaptureFixture
) -> None:
    limit = Money.parse("0.04 USD")
    caplog.set_level(logging.WARNING)
    generator = ReportingItsCost(reported)
    async with open_house(generator=generator, spend_per_day_per_caller=limit) as house:
        drawn = await house.order()
        usage = (await house.client.get("/api/usage")).json()
        orders = [await house.order() for _ in range(2)]
    assert drawn.headers["darkroom-cost"] == f"{charged} USD"
    assert usage["today"]["cost"] == [{"amount": charged} | DOLLARS]
    # The limit is passed at most once: by a cost that was reported after the price had been reserved.
    statuses = [order.status_code for order in orders]
    assert statuses == {"0.05": [429, 429], "0.005": [200, 200], "0.02": [200, 429]}[charged]
    assert ("charges 0.05 USD instead of 0.02 USD" in caplog.text) == (reported == "0.05 USD")
    assert ("a cost of 7 KRW, which is not plausible" in caplog.text) == (reported == "7 KRW")


async def test_a_model_without_a_price_has_the_cost_that_its_provider_reports() -> None:
    async with open_house(generator=ReportingItsCost("0.0123456 USD", WIDEST_CARD)) as house:
        drawn = await house.order()
        usage = (await house.client.get("/api/usage")).json()
    assert drawn.headers["darkroom-cost"] == "0.0123456 USD"
    assert usage["today"]["cost"] == [{"amount": "0.012346"} | DOLLARS]  # sums are kept in millionths, rounded up


def drawing_at(price: str) -> ImageGenerator:
    return InMemoryImageGenerator(replace(WIDEST_CARD, price=read_price(price)))


async def test_prices_are_shown_in_their_unit_and_reserved_by_size() -> None:
    async with open_house(generator=drawing_at("0.03+0.015 USD/MP")) as house:
        (megapixel,) = (await house.client.get("/api/models")).json()["models"]
        large = await house.order(width=2048, height=1024, samples=2)
    assert megapixel["price"] == {"unit": "megapixel", "amount": "0.03", "further": "0.015"} | DOLLARS
    assert large.headers["darkroom-cost"] == "0.090 USD"

    sized = SizePrice(((ImageSize(64, 48), Money.parse("0.04 USD")),), read_price("0.1 USD"))
    async with open_house(generator=InMemoryImageGenerator(replace(WIDEST_CARD, price=sized))) as house:
        (by_size,) = (await house.client.get("/api/models")).json()["models"]
        costs = [(await house.order(height=height)).headers["darkroom-cost"] for height in (48, 64)]
    assert (
        by_size["price"]
        == {
            "unit": "size",
            "sizes": [{"width": 64, "height": 48, "amount": "0.04"}],
            "amount": "0.1",
        }
        | DOLLARS
    )
    assert costs == ["0.04 USD", "0.1 USD"]


async def test_a_limit_refuses_a_size_that_is_too_expensive() -> None:
    async with open_house(generator=drawing_at("0.03 USD/MP"), spend_per_day=Money.parse("0.05 USD")) as house:
        dear, cheap = await house.order(width=2048, height=1024), await house.order()
    assert (dear.json()["type"], cheap.status_code) == ("/problems/spend-limit", 200)
