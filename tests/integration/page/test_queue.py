"""Several orders at once: the newest is shown large, the others in a queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from integration.http.generators import GatedGenerator
from integration.http.house import House, open_house, token
from integration.page.test_everybody import LOOKED_OVER, PHONE

pytestmark = pytest.mark.asyncio(loop_scope="session")

UNDER_WAY = "#trays article[aria-busy]"
ORDERS = 7  # more than the streams that a browser holds open at once
DESKTOP = {"viewport": {"width": 1200, "height": 800}}


async def enter(page: Page, house: House) -> None:
    await page.goto("about:blank")
    await page.goto(f"{house.client.base_url}#token={token()}")
    await expect(page.locator("#room")).to_be_visible()


def order(page: Page, prompt: str) -> Locator:
    """An order in progress, by the name that a screen reader announces."""
    return page.get_by_role("article", name=prompt, exact=True)


@pytest.mark.parametrize(
    ("special", "draw", "cancel", "cancelled"),
    [
        (DESKTOP, "Draw", "Cancel", "Cancelled before anything was drawn."),
        pytest.param(
            {"color_scheme": "dark", "locale": "ko-KR", **PHONE},
            "그리기",
            "취소",
            "그리기 전에 취소되었습니다.",
            marks=pytest.mark.long,
        ),
    ],
    ids=["desktop", "phone-dark-ko"],
)
async def test_orders_in_progress_are_a_queue_that_survives_the_tab(
    chromium: Browser, special: Mapping[str, Any], draw: str, cancel: str, cancelled: str
) -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator, max_in_flight=1, max_queued=ORDERS) as house:
        context = await chromium.new_context(**{"locale": "en-GB", "reduced_motion": "reduce"} | dict(special))
        page = await context.new_page()
        await enter(page, house)
        for number in range(ORDERS):
            await page.locator("#prompt").fill(f"wave {number}")
            await page.get_by_role("button", name=draw, exact=True).click()
            await expect(page.locator(UNDER_WAY)).to_have_count(number + 1)
            await expect(page.locator("#draw")).to_have_attribute("aria-disabled", "false")
        await look_over(page)

        # A tab that was closed has forgotten which orders are its own.
        await page.evaluate("sessionStorage.clear()")
        await enter(page, house)
        await expect(page.locator(UNDER_WAY)).to_have_count(ORDERS)
        await look_over(page)
        waiting = order(page, "wave 2")
        await waiting.get_by_role("button", name=cancel, exact=True).click()
        await expect(waiting.get_by_text(cancelled)).to_be_visible()
        await expect(page.locator(UNDER_WAY)).to_have_count(ORDERS - 1)
        generator.gate.set()
        await expect(page.locator(UNDER_WAY)).to_have_count(0)
        await context.close()
    assert len(generator.asked) == ORDERS - 1


async def look_over(page: Page) -> None:
    """The newest order is first and large, all others are lines; each has a name and shows its progress."""
    trays = page.locator(UNDER_WAY)
    names = [f"wave {number}" for number in reversed(range(ORDERS))]
    assert [await each.get_attribute("aria-label") for each in await trays.all()] == names
    newest, *others = [await each.evaluate("tray => tray.offsetHeight") for each in await trays.all()]
    assert newest > 200
    assert max(others) < 100
    for name, each in zip(names, await trays.all(), strict=True):
        await expect(each.locator(".caption")).to_have_text(name)
        await expect(each.locator(".said")).not_to_be_empty()
    assert await page.evaluate(LOOKED_OVER) == []
