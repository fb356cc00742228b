"""The reference for people describes everything in the contract, and loads nothing."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from html.parser import HTMLParser

import httpx
import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.entrypoints.http.contract.reference.markup import code, example, link, prose, table
from darkroom.entrypoints.http.problem_types import PROBLEM_TYPES
from integration.http.generators import KARLO_LIKE, WITHOUT_SEEDS
from integration.http.house import House, open_house


class Page(HTMLParser):
    """The parts of a page: its tags, its links, the ids of its elements, what it loads, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.links, self.places, self.loads = set[str](), list[str](), list[str](), list[str]()
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "href" and tag == "a":
                self.links.append(value or "")
            elif name in ("src", "href", "srcset", "data", "action"):
                self.loads.append(value or "")
            elif name == "id":
                self.places.append(value or "")
            assert not name.startswith("on")

    def handle_data(self, data: str) -> None:
        self.words += data


async def shown(house: House) -> httpx.Response:
    """Get the page without a token."""
    async with httpx.AsyncClient(base_url=house.client.base_url, trust_env=False) as stranger:
        return await stranger.get("/docs")


async def test_the_page_is_open_to_all_and_loads_nothing(house: House) -> None:
    answer = await shown(house)
    page = Page(answer.text)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.loads == []
    assert page.tags & {"script", "iframe", "object", "link", "base", "form", "img"} == set()
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    fingerprint = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"].split("; ")
    assert policy[:2] == ["default-src 'none'", f"style-src 'sha256-{fingerprint}'"]
    assert "url(" not in style
    assert "@import" not in style


async def test_everything_in_the_contract_is_on_the_page() -> None:
    async with open_house(generator=InMemoryImageGenerator(KARLO_LIKE, WITHOUT_SEEDS)) as house:
        page = Page((await shown(house)).text)
        document = (await house.client.get("/docs/openapi.json")).json()

    items = [*document["paths"].values(), *document["webhooks"].values()]
    operations = {said["operationId"] for item in items for method, said in item.items() if method != "parameters"}
    schemas = {f"schema-{name}" for name in document["components"]["schemas"]}
    headers = {f"header-{name}" for name in document["components"]["headers"]}
    assert operations | schemas | headers | {"problems", "headers", "schemas"} == set(page.places)
    assert len(page.places) == len(set(page.places))
    for kind in PROBLEM_TYPES.values():
        assert kind.title in page.words
        assert kind.uri in page.links
    assert page.words.count("The service is busy.") == 1
    for said in ("Idempotency-Key", "Last-Event-ID", "traceparent", "Webhook-Signature", "384 to 640", "1 to 8 items"):
        assert said in page.words


async def test_every_link_leads_somewhere(house: House) -> None:
    page = Page((await shown(house)).text)
    inside = {found.removeprefix("#") for found in page.links if found.startswith("#")}
    assert inside - set(page.places) == set()
    for found in {found for found in page.links if not found.startswith("#")}:
        assert (await house.client.get(found)).status_code == 200, found


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;", "`<b>`"])
def test_no_text_is_taken_for_markup(hostile: str) -> None:
    pieces = (
        code(hostile),
        prose(hostile),
        link(hostile, "here"),
        table(hostile, [hostile], []),
        example({hostile: hostile}, hostile),
    )
    for piece in pieces:
        assert Page(piece).tags <= {"code", "a", "figure", "figcaption", "pre", "table"}
    assert Page(code(hostile)).words == hostile
