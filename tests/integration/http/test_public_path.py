"""A service that a proxy serves under a path: every address that it returns begins with that path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from itertools import chain
from urllib.parse import urljoin

import pytest

from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.model.errors import OutcomeUnknown
from darkroom.entrypoints.http.webhook_message import webhook_message
from integration.http.generators import FailingGenerator
from integration.http.house import ORDER, House, open_house

ASYNC = {"Prefer": "respond-async"}
UNDER = "/pictures/darkroom"


def texts(document: object) -> Iterator[str]:
    """Every string in a document, without the names of members."""
    match document:
        case str():
            yield document
        case list():
            yield from chain.from_iterable(map(texts, document))
        case dict():
            yield from chain.from_iterable(map(texts, document.values()))
        case _:
            pass


@pytest.mark.parametrize(
    ("under", "left_on"),
    [("", ""), (UNDER, ""), (UNDER, UNDER)],
    ids=["no path", "the proxy strips the path", "the proxy passes it on"],
)
async def test_every_address_in_an_answer_begins_with_the_path(under: str, left_on: str) -> None:
    async with open_house(public_url=under) as house:
        ordered = await house.client.post(f"{left_on}/api/images", json=ORDER, headers=ASYNC)
        waited = await house.client.post(f"{left_on}/api/images", json=ORDER)
        wrong = await house.client.post(f"{left_on}/api/images", json={"prompt": 1})
        missing = await house.client.get(f"{left_on}/nothing")
        shown = await house.client.get(f"{left_on}/api/generations/{ordered.json()['id']}")
        contract = (await house.client.get(f"{left_on}/docs/openapi.json")).json()
        reference = (await house.client.get(f"{left_on}/docs")).text
    assert (ordered.status_code, waited.status_code, shown.status_code) == (202, 200, 200)
    generation = f"{under}/api/generations/{ordered.json()['id']}"
    assert ordered.headers["location"] == generation
    assert ordered.links["describedby"]["url"] == generation
    assert waited.links["describedby"]["url"].startswith(f"{under}/api/generations/")
    assert wrong.json()["type"] == f"{under}/problems/invalid-request"
    assert wrong.json()["instance"] == f"{under}/api/images"
    assert (missing.json()["type"], missing.json()["instance"]) == (f"{under}/problems/not-found", f"{under}/nothing")
    assert contract["servers"] == [{"url": under or "/"}]
    ours = re.compile(rf"({UNDER})?/(api|docs|files|problems)/")
    addresses = list(filter(ours.match, texts(contract)))
    assert f"{under}/problems/gone" in addresses
    assert [address for address in addresses if not address.startswith(f"{under}/")] == []
    links = [link for link in re.findall(r'href="([^"]+)"', reference) if not link.startswith("#")]
    assert f"{under}/docs/openapi.json" in links
    assert [link for link in links if not link.startswith(f"{under}/")] == []


async def test_addresses_in_kept_problems_and_in_webhooks_begin_with_the_path() -> None:
    ledger = InMemoryGenerationLedger()
    generator = FailingGenerator(OutcomeUnknown("cut off"))
    async with open_house(public_url=UNDER, ledger=ledger, generator=generator) as house:
        failed = await house.order()
        (shown,) = (await house.client.get("/api/generations")).json()["items"]
        generation = await house.services.keep.one(shown["id"], "ada")
        message = json.loads(await partial(webhook_message, public_path=UNDER)(generation, house.services.storage))
    address = f"{UNDER}/api/generations/{shown['id']}"
    for problem in (failed.json(), shown["problem"], message["data"]["problem"]):
        assert (problem["type"], problem["instance"]) == (f"{UNDER}/problems/outcome-unknown", address)


@pytest.mark.parametrize("asked_at", [UNDER, UNDER + "/"])
async def test_the_page_finds_its_files_with_and_without_a_trailing_slash(asked_at: str) -> None:
    async with open_house(public_url=UNDER) as house:
        page = await house.client.get("/")
        (base,) = re.findall(r'<base href="([^"]+)">', page.text)
        for link in re.findall(r'(?:href|src)="(?!/|#)([^"]+)"', page.text):
            found = await house.client.get(urljoin(urljoin(f"http://h{asked_at}", base), link).removeprefix("http://h"))
            assert found.status_code == 200, link
    assert base == UNDER + "/"
    assert "base-uri 'self'" in page.headers["content-security-policy"]


async def test_a_proxy_must_strip_a_public_path_that_could_be_one_of_ours() -> None:
    async with open_house(public_url="/api") as house:
        taken_off = await house.client.get("/api/models")
        left_on = await house.client.get("/api/api/models")
        problem = await house.client.get("/api/nothing")
    assert (taken_off.status_code, left_on.status_code) == (200, 404)
    assert problem.json()["type"] == "/api/problems/not-found"


@pytest.mark.parametrize("other", ["/pictures", "/pictures/darkroomX/api/models", "/other/api/models"])
async def test_other_paths_are_not_found(other: str) -> None:
    async with open_house(public_url=UNDER) as house:
        assert (await house.client.get(other)).status_code == 404


async def test_one_service_does_not_answer_with_the_path_of_another() -> None:
    async def problem_of(house: House) -> str:
        kind: str = (await house.client.get("/nothing")).json()["type"]
        return kind

    async with open_house(public_url="/a") as one, open_house() as other:
        kinds = [await problem_of(house) for house in (one, other, one)]
    assert kinds == ["/a/problems/not-found", "/problems/not-found", "/a/problems/not-found"]
