"""`Webhook-URL`: a message to the caller when its generation has ended."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from standardwebhooks.webhooks import Webhook

from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.webhooks import Signatures, open_webhook_sender
from darkroom.domain.model.errors import OutcomeUnknown
from darkroom.domain.ports import ImageGenerator
from darkroom.domain.use_cases.deliver_webhooks import DeliverWebhooks
from darkroom.entrypoints.http.contract.documentation import openapi
from darkroom.entrypoints.http.webhook_message import webhook_message
from integration.http.generators import FailingGenerator, GatedGenerator
from integration.http.house import ORDER, House, bearer, now, open_house
from integration.http.json_schema import Validator
from servers.receiver import Receiver, receiver

ASYNC = {"Prefer": "respond-async"}
SECRETS = [f"whsec_{base64.b64encode(bytes([fill]) * 32).decode()}" for fill in (1, 2)]


class Delivering(DeliverWebhooks):
    """Waits until every webhook that is due was sent."""

    async def __call__(self) -> int:
        begun = await super().__call__()
        await self.sent()
        return begun


@asynccontextmanager
async def with_webhooks(
    *faults: str, generator: ImageGenerator | None = None
) -> AsyncIterator[tuple[House, Receiver, Delivering]]:
    """A house, a receiver of webhooks, and the use case that delivers them."""
    ledger = InMemoryGenerationLedger()
    async with (
        receiver(*faults) as at,
        open_webhook_sender(signatures=Signatures.parse(",".join(SECRETS)), hosts=[at.origin], clock=now) as sender,
        open_house(ledger=ledger, generator=generator, webhooks=sender) as house,
    ):
        message = partial(webhook_message, storage=house.services.storage)
        yield house, at, Delivering(ledger.webhooks, sender, message, clock=now)


async def test_a_webhook_contains_the_generation_as_reading_it_shows_it() -> None:
    async with with_webhooks() as (house, at, deliver):
        answer = await house.order(ASYNC | {"Webhook-URL": at.url})
        shown = await house.settled(answer.json()["id"])
        while not await deliver():
            pass
        (call,) = at.received
        document = openapi(house.services.cards)
    assert answer.status_code == 202
    for secret in SECRETS:
        assert Webhook(secret).verify(call.body, call.headers) == {
            "type": "generation.finished",
            "timestamp": shown["finished_at"],
            "data": shown,
        }
    assert call.id == shown["id"]
    described = document["webhooks"]["generation.finished"]["post"]
    validator = Validator(document)
    assert (
        list(validator.errors(call.document, described["requestBody"]["content"]["application/json"]["schema"])) == []
    )
    for header in described["parameters"]:
        assert list(validator.errors(call.headers[header["name"].lower()], header["schema"])) == []


async def test_the_webhook_of_a_failed_generation_contains_its_problem() -> None:
    async with with_webhooks(generator=FailingGenerator(OutcomeUnknown("cut off"))) as (house, at, deliver):
        await house.order(ASYNC | {"Webhook-URL": at.url})
        while not await deliver():
            pass
        (call,) = at.received
    assert (call.document["data"]["state"], call.document["data"]["problem"]["charged"]) == ("unknown", "unknown")


async def test_a_cancelled_generation_has_a_webhook_too() -> None:
    generator = GatedGenerator()
    async with with_webhooks(generator=generator) as (house, at, deliver):
        orders = [await house.order(ASYNC | {"Webhook-URL": at.url}) for _ in range(9)]
        assert (await house.client.delete(orders[-1].headers["location"])).status_code == 204
        await deliver()
        (call,) = at.received
        generator.gate.set()
    assert call.document["data"]["state"] == "cancelled"


@pytest.mark.parametrize(
    ("headers", "rule"),
    [
        ([("Webhook-URL", "{url}")], "must come with Prefer: respond-async"),
        ([("Prefer", "wait=5"), ("Webhook-URL", "{url}")], "must come with Prefer: respond-async"),
        ([("Prefer", "respond-async")] + [("Webhook-URL", "{url}")] * 2, "must be sent once"),
        ([("Prefer", "respond-async"), ("Webhook-URL", "https://other.example/")], "names a host that is not allowed"),
        ([("Prefer", "respond-async"), ("Webhook-URL", "")], "printable ASCII characters"),
        ([("Prefer", "respond-async"), ("Webhook-URL", "{url}?" + "x" * 2048)], "1 to 2048"),
        ([("Prefer", "respond-async"), ("Webhook-URL", "{url}/\u00e9")], "printable ASCII characters"),
        ([("Prefer", "respond-async"), ("Webhook-URL", "{url} x")], "printable ASCII characters"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_header_that_breaks_its_rule_is_named_before_anything_is_spent(
    headers: list[tuple[str, str]], rule: str
) -> None:
    generator = GatedGenerator()
    async with with_webhooks(generator=generator) as (house, at, deliver):
        sent = [(name, value.format(url=at.url).encode("latin-1")) for name, value in headers]
        answer = await house.client.post(
            "/api/images", json=ORDER | {"width": 1}, headers=[(name.encode(), value) for name, value in sent]
        )
        assert await deliver() == 0
    errors = {error.get("header") or error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert answer.status_code == 400
    assert rule in errors["Webhook-URL"]
    assert "/width" in errors
    assert generator.asked == []


async def test_a_webhook_is_refused_if_webhooks_are_off(house: House) -> None:
    answer = await house.order(ASYNC | {"Webhook-URL": "https://receiver.example/hook"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["header"]) == (400, "Webhook-URL")
    assert "enabled webhooks" in error["detail"]


async def test_a_repeated_order_has_one_webhook_and_its_address_cannot_change() -> None:
    async with with_webhooks() as (house, at, deliver):
        key = ASYNC | {"Idempotency-Key": "k"}
        first = await house.order(key | {"Webhook-URL": at.url})
        await house.settled(first.json()["id"])
        again = await house.order(key | {"Webhook-URL": at.url})
        silent = await house.order(key)
        elsewhere = await house.order(key | {"Webhook-URL": at.url + "?another"})
        while not await deliver():
            pass
        assert await deliver() == 0
    assert (again.status_code, silent.status_code) == (200, 200)
    assert (elsewhere.status_code, elsewhere.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert len(at.received) == 1


async def test_the_address_of_a_webhook_is_never_shown() -> None:
    async with with_webhooks() as (house, at, deliver):
        await house.order(ASYNC | bearer(sub="grace") | {"Webhook-URL": at.url})
        listed = (await house.client.get("/api/generations")).text
        graces = (await house.client.get("/api/generations", headers=bearer(sub="grace"))).text
        await deliver()
    assert at.url not in listed + graces
