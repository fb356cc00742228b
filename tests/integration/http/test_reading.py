"""Models, usage, health and the pages of problem types."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from html import escape

import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.model.money import Money
from darkroom.entrypoints.http import health
from darkroom.entrypoints.http.problem_types import PROBLEM_TYPES, ProblemType
from integration.http.faults import LedgerInTrouble
from integration.http.generators import KARLO_LIKE, PRICED, WITHOUT_SEEDS
from integration.http.house import House, bearer, open_house


async def test_models_are_shown_with_the_limits_that_orders_must_keep() -> None:
    async with open_house(
        generator=InMemoryImageGenerator(KARLO_LIKE, replace(WITHOUT_SEEDS, ends=date(2027, 6, 30)))
    ) as house:
        answer = await house.client.get("/api/models")
    assert answer.json() == {
        "models": [
            {
                "version": "v2.0",
                "generator": "karlo",
                "width": {"min": 384, "max": 640, "step": 8},
                "height": {"min": 384, "max": 640, "step": 8},
                "sizes": None,
                "prompt_max": 256,
                "samples_max": 8,
                "honours": ["negative_prompt", "seed", "num_inference_steps", "guidance_scale"],
                "seed": {"min": 0, "max": 4294967295},
                "num_inference_steps": {"min": 10, "max": 100, "default": 50},
                "guidance_scale": {"min": 1.0, "max": 20.0, "default": 5.0},
                "media_type": "image/webp",
                "price": None,
                "ends": None,
            },
            {
                "version": "listed",
                "generator": "other",
                "width": {"min": 256, "max": 1792, "step": 1},
                "height": {"min": 256, "max": 1792, "step": 1},
                "sizes": [[1024, 1024], [1792, 1024]],
                "prompt_max": 4000,
                "samples_max": 1,
                "honours": [],
                "seed": None,
                "num_inference_steps": None,
                "guidance_scale": None,
                "media_type": "image/png",
                "price": {"unit": "image", "amount": "0.04", "currency": "USD"},
                "ends": "2027-06-30",
            },
        ]
    }


@pytest.mark.parametrize("condition", ["{tag}", "W/{tag}", '"x", {tag}', "*"])
async def test_models_that_the_client_has_are_not_sent_again(house: House, condition: str) -> None:
    tag = (await house.client.get("/api/models")).headers["etag"]
    again = await house.client.get("/api/models", headers={"If-None-Match": condition.format(tag=tag)})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


async def test_models_are_sent_if_the_client_has_others(house: House) -> None:
    async with open_house(generator=InMemoryImageGenerator(KARLO_LIKE)) as elsewhere:
        other = (await elsewhere.client.get("/api/models")).headers["etag"]
    assert (await house.client.get("/api/models", headers={"If-None-Match": other})).status_code == 200


async def test_usage_adds_up_the_orders_that_were_not_refused() -> None:
    limit = Money.parse("9.5 USD")
    async with open_house(generator=InMemoryImageGenerator(PRICED), images_per_day=10, spend_per_day=limit) as house:
        await house.order(samples=2)
        await house.order(samples=1)
        await house.order(bearer(sub="grace"), samples=8)
        await house.order(width=1)
        usage = (await house.client.get("/api/usage")).json()
        by_token = (await house.client.get("/api/usage", headers=bearer(images_per_day=2))).json()
        budget = bearer(spend_per_day="0.10 USD", models=["memory"])
        by_budget = (await house.client.get("/api/usage", headers=budget)).json()
    spent = {"images": 3, "cost": [{"amount": "0.06", "currency": "USD"}]}
    assert usage == {
        "today": spent,
        "this_month": spent,
        "limits": {
            "images_per_day": 10,
            "spend_per_day": {"amount": "9.5", "currency": "USD"},
            "spend_per_day_per_caller": None,
            "models": None,
        },
        "left": {"images": 7, "spend": None},
        "scopes": ["images:read", "images:write"],
    }
    assert (by_token["limits"]["images_per_day"], by_token["left"]) == (2, {"images": 0, "spend": None})
    assert by_budget["limits"]["spend_per_day_per_caller"] == {"amount": "0.10", "currency": "USD"}
    assert by_budget["limits"]["models"] == ["memory"]
    assert by_budget["left"] == {"images": 7, "spend": {"amount": "0.04", "currency": "USD"}}


async def test_usage_without_limits(house: House) -> None:
    await house.order()
    assert (await house.client.get("/api/usage")).json() == {
        "today": {"images": 1, "cost": []},
        "this_month": {"images": 1, "cost": []},
        "limits": {
            "images_per_day": None,
            "spend_per_day": None,
            "spend_per_day_per_caller": None,
            "models": None,
        },
        "left": {"images": None, "spend": None},
        "scopes": ["images:read", "images:write"],
    }


async def test_a_healthy_process_is_live_and_ready(house: House) -> None:
    assert (await house.client.get("/health/live")).json() == {"status": "live"}
    assert (await house.client.get("/health/ready")).json() == {"status": "ready"}


async def test_a_process_without_its_ledger_is_live_but_not_ready() -> None:
    async with open_house(ledger=LedgerInTrouble()) as house:
        live, ready = await house.client.get("/health/live"), await house.client.get("/health/ready")
    assert live.status_code == 200
    assert (ready.status_code, ready.json()["type"]) == (503, "/problems/overloaded")


async def test_a_process_whose_ledger_does_not_answer_in_time_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(InMemoryGenerationLedger):
        async def check(self) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(health, "PATIENCE", 0.01)
    async with open_house(ledger=Silent()) as house:
        ready = await house.client.get("/health/ready")
    assert (ready.status_code, ready.json()["type"]) == (503, "/problems/overloaded")


async def test_a_process_that_is_about_to_stop_is_live_but_not_ready(house: House) -> None:
    await house.services.generate.work.drain()
    assert (await house.client.get("/health/live")).status_code == 200
    assert (await house.client.get("/health/ready")).status_code == 503


async def test_checking_health_draws_nothing() -> None:
    generator = InMemoryImageGenerator()
    async with open_house(generator=generator) as house:
        await house.client.get("/health/ready")
    assert generator.asked == []


@pytest.mark.parametrize("kind", PROBLEM_TYPES.values(), ids=lambda kind: kind.slug)
async def test_each_problem_type_has_a_page(house: House, kind: ProblemType) -> None:
    page = await house.client.get(kind.uri)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert f"<h1>{escape(kind.title)}</h1>" in page.text
    assert "`" not in page.text
    assert "//" not in page.text


async def test_other_problem_types_are_not_found(house: House) -> None:
    assert (await house.client.get("/problems/nothing")).status_code == 404
