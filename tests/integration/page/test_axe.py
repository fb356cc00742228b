"""axe-core finds no violation in any state of the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from darkroom.adapters.in_memory.generator import tile
from integration.http.generators import TellingGenerator
from integration.http.house import open_house, token
from integration.page.test_everybody import PHONE
from integration.page.visitor import Visitor
from servers.node import installed

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOURCE = Path(__file__).with_name("axe")
SLOW = 6.0
"""Seconds that the provider takes, so that axe has time to check the page while it draws."""


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program from npm, pinned by its hash."""
    folder = installed(SOURCE, tmp_path_factory.mktemp("npm") / "axe")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


DARK: dict[str, Any] = {"color_scheme": "dark"}
KOREAN: dict[str, Any] = {"locale": "ko-KR"}


@pytest.mark.parametrize(
    "visitor",
    [
        pytest.param(DARK | KOREAN | PHONE, marks=pytest.mark.thorough),
        pytest.param({}, marks=pytest.mark.long),
        pytest.param(DARK, marks=pytest.mark.long),
        pytest.param(KOREAN, marks=pytest.mark.long),
        pytest.param(PHONE, marks=pytest.mark.long),
    ],
    indirect=True,
    ids=["dark-ko-phone", "light-en", "dark-en", "light-ko", "light-en-phone"],
)
async def test_no_state_of_the_page_violates_a_rule(visitor: Visitor, axe: str) -> None:
    found = {}
    async for state in states(visitor):
        found[state] = await violations(visitor.page, axe)
    assert {state: faults for state, faults in found.items() if faults} == {}


async def test_an_unfinished_picture_violates_no_rule(chromium: Browser, axe: str) -> None:
    generator = TellingGenerator()
    generator.shown = tile(8, 8, 7)
    async with open_house(generator=generator) as house:
        context = await chromium.new_context(**DARK | KOREAN | PHONE)
        page = await context.new_page()
        await page.goto(f"{house.client.base_url}#token={token()}")
        await page.fill("#prompt", "a calm sea")
        await page.click("#draw")
        await expect(page.locator("canvas")).to_be_visible()
        assert await violations(page, axe) == []
        generator.gate.set()
        await context.close()


async def violations(page: Page, axe: str) -> list[tuple[str, str, str]]:
    """Return the rule, the element and the explanation of each violation on the page."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(axe)
    found = await page.evaluate("axe.run().then(({ violations }) => violations)")
    return [
        (violation["id"], node["html"][:90], node["failureSummary"])
        for violation in found
        for node in violation["nodes"]
    ]


async def states(visitor: Visitor) -> AsyncIterator[str]:
    """Go from one state of the page to the next, and yield the name of each."""
    for part in (coming_in, drawing, looking, deleting, paying):
        async for state in part(visitor):
            yield state


async def coming_in(visitor: Visitor) -> AsyncIterator[str]:
    page, studio = visitor.page, visitor.studio
    await page.goto(studio.url)
    yield "sign-in"
    await page.fill("#token", "hello")
    await page.keyboard.press("Enter")
    await expect(page.locator("#token-error")).not_to_be_empty()
    yield "sign-in refused"
    await visitor.enter(images_per_day=50, scope="usage:read")
    await expect(page.locator("#sheet-empty")).to_be_visible()
    yield "empty"


async def drawing(visitor: Visitor) -> AsyncIterator[str]:
    page, studio = visitor.page, visitor.studio
    await page.click("#draw")
    await expect(page.locator("#prompt-error")).not_to_be_empty()
    yield "wrong input"
    studio.karlo.set_fault("error-9798", times=1)
    await visitor.write(version="v2.1")
    await page.click("#draw")
    await expect(page.locator(".problem")).to_be_visible()
    yield "problem"
    studio.karlo.set_fault("slow", seconds=SLOW)
    under_way = page.locator("#trays article[aria-busy]")
    for count, version in enumerate(("v2.1", "sketch"), start=1):
        await visitor.write(version=version, seed="1, 2")
        await page.click("#draw")
        await expect(under_way).to_have_count(count)
    yield "queue"
    await expect(under_way).to_have_count(2)  # axe has checked both
    await visitor.developed(4)
    yield "picture"


async def looking(visitor: Visitor) -> AsyncIterator[str]:
    page = visitor.page
    await page.locator("#sheet").scroll_into_view_if_needed()
    await expect(page.locator(".frame")).to_have_count(3)
    yield "history"
    await page.locator('.frame [data-word="details"]').first.click()
    yield "opened order"
    await page.keyboard.press("Escape")
    await page.locator(".frame .none").click()
    await expect(page.locator("#opened .problem")).to_be_visible()
    yield "opened problem"
    await page.keyboard.press("Escape")
    await page.locator(".frame .picture").first.click()
    yield "large"
    await page.locator('#viewer [data-word="compare"]').click()
    await page.locator('.pictures [data-word="compare"]').last.click()
    await expect(page.locator("#comparison")).to_be_visible()
    yield "side by side"
    await page.keyboard.press("Escape")
    await page.locator('.pictures [data-word="curl"]').first.click()
    yield "command"
    await page.keyboard.press("Escape")


async def deleting(visitor: Visitor) -> AsyncIterator[str]:
    page = visitor.page
    await page.locator(".frame .picture").first.click()
    await page.locator("#viewer .danger").click()
    await expect(page.locator("#removal")).to_be_visible()
    yield "question"
    await page.locator("#removal .main.danger").click()
    await expect(page.locator(".partly")).to_be_visible()
    yield "deleted"
    await page.get_by_role("search").locator("select").last.select_option("cancelled")
    await expect(page.locator(".frame")).to_have_count(0)
    yield "nothing found"


async def paying(visitor: Visitor) -> AsyncIterator[str]:
    page = visitor.page
    await page.click("#to-usage")
    await expect(page.locator("#usage table").first).to_be_visible()
    yield "usage"
