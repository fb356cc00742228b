"""Every failure of an order: its problem, its status, and whether it is reported as charged."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    LedgerUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import ModelVersion
from integration.http.faults import LedgerInTrouble, StorageInTrouble, WithoutCredentials
from integration.http.generators import PRICED, FailingGenerator, GatedGenerator, StingyGenerator
from integration.http.house import House, bare, bearer, open_house


@pytest.mark.parametrize(
    ("failure", "status", "slug", "charged"),
    [
        (PromptRejected("not this"), 400, "prompt-rejected", "no"),
        (PromptRejected("not this", charged=Charged.YES), 400, "prompt-rejected", "yes"),
        (GeneratorRefused("the key is unknown"), 502, "generator-refused", "no"),
        (GeneratorUnavailable("maintenance", retry_after=120), 503, "generator-unavailable", "no"),
        (OutcomeUnknown("cut off"), 502, "outcome-unknown", "unknown"),
        (UnusableImage("not an image", evidence=b"<html>"), 502, "unusable-image", "yes"),
        (RuntimeError("a bug in an adapter"), 502, "outcome-unknown", "unknown"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
async def test_a_failed_drawing_is_reported_with_its_generation(
    failure: Exception, status: int, slug: str, charged: str
) -> None:
    async with open_house(generator=FailingGenerator(failure)) as house:
        answer = await house.order()
        address = answer.links["describedby"]["url"]
        shown = (await house.client.get(address)).json()
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert (problem["type"], problem["charged"]) == (f"/problems/{slug}", charged)
    assert (problem["instance"], problem["request_id"]) == (address, answer.headers["x-request-id"])
    assert answer.headers.get("retry-after") == ("120" if slug == "generator-unavailable" else None)
    assert "images" not in problem
    assert shown["problem"] == {name: problem[name] for name in shown["problem"]}
    assert (shown["problem"]["type"], shown["images"]) == (problem["type"], [])
    assert "a bug" not in answer.text
    assert "html" not in answer.text


@pytest.mark.parametrize(
    ("failure", "slug", "charged"),
    [
        (UnusableImage("broken"), "unusable-image", "yes"),
        (PromptRejected("flagged", charged=Charged.YES), "prompt-rejected", "yes"),
        (OutcomeUnknown("no answer"), "outcome-unknown", "unknown"),
    ],
)
async def test_images_that_arrived_are_listed_in_the_problem_about_the_rest(
    failure: DrawingFailed, slug: str, charged: str
) -> None:
    async with open_house(generator=StingyGenerator(failure)) as house:
        answer = await house.order(seed=[8, 9])
        shown = (await house.client.get(answer.links["describedby"]["url"])).json()
    assert (answer.json()["type"], answer.json()["charged"]) == (f"/problems/{slug}", charged)
    assert [image["seed"] for image in answer.json()["images"]] == [8]
    assert bare(shown["images"]) == answer.json()["images"]


async def test_fewer_images_than_ordered_are_never_a_success() -> None:
    async with open_house(generator=StingyGenerator(None)) as house:
        answer = await house.order(samples=2)
    assert (answer.status_code, answer.json()["type"]) == (502, "/problems/unusable-image")


async def test_an_order_that_is_drawn_but_not_stored_is_reported_and_stored_later() -> None:
    storage = StorageInTrouble()
    async with open_house(storage=storage, patience=0.05) as house:
        key = {"Idempotency-Key": "k"}
        answer, again = await house.order(key), await house.order(key)
        address = answer.headers["location"]
        shown = (await house.client.get(address)).json()
        storage.well = True
        stored = await house.settled(shown["id"])
        finally_ = await house.order(key)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/storage-unavailable")
    assert (answer.json()["charged"], answer.headers["retry-after"]) == ("yes", "10")
    assert (again.status_code, again.headers["location"]) == (503, address)
    assert again.headers["idempotency-replay"] == "true"
    assert (shown["state"], shown["images"], shown["problem"]) == ("drawn", [], None)
    assert stored["state"] == "stored"
    assert finally_.json() == bare(stored["images"])


async def test_if_links_cannot_be_signed_the_problem_says_that_the_order_was_charged() -> None:
    storage = WithoutCredentials()
    async with open_house(storage=storage) as house:
        key = {"Idempotency-Key": "k"}
        answer, again = await house.order(key), await house.order(key)
        address = answer.headers["location"]
        shown, listed = await house.client.get(address), await house.client.get("/api/generations")
        storage.well = True
        finally_ = await house.order(key)
    for response in (answer, again, shown, listed):
        assert (response.status_code, response.json()["type"]) == (503, "/problems/storage-unavailable")
        assert (response.json()["charged"], response.headers["retry-after"]) == ("yes", "10")
    assert again.headers["idempotency-replay"] == "true"
    assert answer.links["describedby"]["url"] == address
    assert len(finally_.json()) == 1


async def test_an_order_beyond_the_queue_is_refused() -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator, max_in_flight=1, max_queued=1) as house:
        taken = [await house.order({"Prefer": "respond-async"}) for _ in range(2)]
        refused = await house.order()
        generator.gate.set()
    assert {answer.status_code for answer in taken} == {202}
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/overloaded")
    assert (refused.json()["charged"], refused.headers["retry-after"]) == ("no", "1")


async def test_no_order_is_accepted_while_the_spool_is_full() -> None:
    spool = InMemoryImageSpool(room=10)
    await spool.put("waits", 0, b"1234567890")
    async with open_house(spool=spool) as house:
        answer = await house.order()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert answer.json()["type"] == "/problems/overloaded"


async def test_a_process_that_is_about_to_stop_accepts_no_order(house: House) -> None:
    await house.services.generate.work.drain()
    answer = await house.order()
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/overloaded")
    assert "retry-after" in answer.headers


async def test_the_callers_limit_of_images() -> None:
    async with open_house(images_per_day=3) as house:
        assert (await house.order(samples=3)).status_code == 200
        refused = await house.order()
        too_large = await house.order(samples=4)
        by_token = await house.order(bearer(images_per_day=4))
        other = await house.order(bearer(sub="grace"))
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/quota-exceeded")
    assert refused.json()["charged"] == "no"
    assert 0 < int(refused.headers["retry-after"]) <= timedelta(days=1).total_seconds()
    assert refused.json()["detail"] == "1 more would pass your limit of 3 images in 24 hours"
    assert (too_large.status_code, too_large.json()["type"]) == (429, "/problems/quota-exceeded")
    assert too_large.json()["detail"] == "this order alone asks for 4, more than your limit of 3 images in 24 hours"
    assert too_large.headers["retry-after"] == "86400"
    assert (by_token.status_code, other.status_code) == (200, 200)


async def test_the_callers_limit_of_spending() -> None:
    limit = Money.parse("0.05 USD")
    async with open_house(generator=InMemoryImageGenerator(PRICED), spend_per_day_per_caller=limit) as house:
        first = await house.order({"Idempotency-Key": "k"}, samples=2)
        refused = await house.order()
        too_dear = await house.order(bearer(sub="grace"), samples=3)
        by_token = await house.order(bearer(spend_per_day="0.06 USD"))
        repeated = await house.order({"Idempotency-Key": "k"}, samples=2)
        unlimited = await house.order(bearer(spend_per_day="9 USD", sub="hopper"), samples=8)
    assert [answer.status_code for answer in (first, by_token, repeated, unlimited)] == [200] * 4
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/quota-exceeded")
    assert refused.json()["detail"] == "0.02 USD more would pass your limit of 0.05 USD in 24 hours"
    assert 0 < int(refused.headers["retry-after"]) <= timedelta(days=1).total_seconds()
    assert (too_dear.status_code, too_dear.json()["charged"]) == (429, "no")
    assert too_dear.json()["detail"] == "this order alone costs 0.06 USD, more than your limit of 0.05 USD in 24 hours"


async def test_a_model_that_the_caller_may_not_order_is_refused() -> None:
    cheap, unpriced = replace(PRICED, version=ModelVersion("cheap")), replace(PRICED, price=None)
    async with open_house(generator=InMemoryImageGenerator(cheap, unpriced)) as house:
        key = {"Idempotency-Key": "k"}
        before = await house.order(key)
        refused = {
            "your token does not allow memory": await house.order(bearer(models=["cheap", "other"])),
            "your token does not allow cheap": await house.order(bearer(models=[]), version="cheap"),
            "your spending is limited in USD, and the price of memory in USD is not known": await house.order(
                bearer(spend_per_day="1 USD")
            ),
            "your spending is limited in EUR, and the price of cheap in EUR is not known": await house.order(
                bearer(spend_per_day="1 EUR"), version="cheap"
            ),
        }
        allowed = [
            await house.order(bearer(models=["cheap"], spend_per_day="1 USD"), version="cheap"),
            await house.order(bearer(models="memory")),
            await house.order(key | bearer(models=["cheap"])),  # it was drawn and paid for before
        ]
    assert before.status_code == 200
    assert [answer.status_code for answer in allowed] == [200] * 3
    assert allowed[-1].headers["idempotency-replay"] == "true"
    for detail, answer in refused.items():
        assert (answer.status_code, answer.json()["type"], answer.json()["charged"]) == (
            403,
            "/problems/forbidden",
            "no",
        )
        assert answer.json()["detail"] == detail
        assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'


async def test_the_services_limit_of_spending() -> None:
    async with open_house(generator=InMemoryImageGenerator(PRICED), spend_per_day=Money.parse("0.05 USD")) as house:
        assert (await house.order(samples=2)).status_code == 200
        refused = await house.order()
        too_dear = await house.order(samples=3)
    for answer in (refused, too_dear):
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/spend-limit")
        assert "retry-after" in answer.headers


async def test_nothing_is_drawn_while_the_ledger_fails() -> None:
    generator, ledger = InMemoryImageGenerator(), LedgerInTrouble()
    async with open_house(generator=generator, ledger=ledger) as house:
        answers = [
            await house.order(),
            await house.client.get("/api/generations"),
            await house.client.get("/api/usage"),
            await house.client.get("/api/generations/0199a8f2-7c4e-7b1d-9a53-2f6d1c0b4e88"),
        ]
        ledger.fault = None
    assert {(answer.status_code, answer.json()["type"]) for answer in answers} == {(503, "/problems/overloaded")}
    assert {(answer.json()["charged"], answer.headers["retry-after"]) for answer in answers} == {("no", "5")}
    assert generator.asked == []


async def test_an_internal_error_reveals_only_its_request_id_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger = LedgerInTrouble(RuntimeError("secret: hunter2"))
    with caplog.at_level(logging.ERROR):
        async with open_house(ledger=ledger) as house:
            answer = await house.client.get("/api/usage")
            ledger.fault = None
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal")
    assert answer.json()["charged"] == "unknown"
    assert "hunter2" not in answer.text
    (record,) = caplog.records
    assert record.exc_info
    assert record.request_id == answer.json()["request_id"]  # type: ignore[attr-defined]


async def test_waiting_for_another_process_survives_an_outage_of_the_ledger() -> None:
    generator, ledger, key = GatedGenerator(), LedgerInTrouble(), {"Idempotency-Key": "k"}
    ledger.fault = None
    async with open_house(ledger=ledger.colleague(), generator=generator) as there, open_house(ledger=ledger) as here:
        accepted = await there.order(key | {"Prefer": "respond-async"})
        waiting = asyncio.create_task(here.order(key))
        await ledger.looked_into.wait()
        ledger.fault = LedgerUnavailable("the ledger does not answer")
        ledger.looked_into.clear()
        await ledger.looked_into.wait()
        generator.gate.set()
        await there.settled(accepted.json()["id"])
        ledger.fault = None
        answer = await waiting
    assert answer.status_code == 200
    assert answer.headers["idempotency-replay"] == "true"
