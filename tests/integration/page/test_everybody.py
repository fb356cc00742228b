"""The page is accessible: by keyboard, on a phone, with a screen reader, in dark mode, in Korean."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from integration.page.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOKED_OVER = (Path(__file__).parent / "looked_over.js").read_text(encoding="utf-8")
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


async def look_over(visitor: Visitor) -> None:
    assert await visitor.page.evaluate(LOOKED_OVER) == []


@pytest.mark.parametrize(
    "visitor",
    [
        pytest.param({"color_scheme": "light"}, marks=pytest.mark.thorough),
        pytest.param({"color_scheme": "dark"}, marks=pytest.mark.thorough),
        {"color_scheme": "dark", "locale": "ko-KR", **PHONE},
    ],
    indirect=True,
    ids=["light", "dark", "phone"],
)
async def test_every_state_of_the_page_is_accessible(visitor: Visitor) -> None:
    page = visitor.page
    await page.goto(visitor.studio.url)
    await look_over(visitor)
    await visitor.enter(images_per_day=50)
    await look_over(visitor)
    await page.locator("#more").evaluate("details => details.open = true")
    await page.locator("#draw").click()
    await expect(page.locator("#prompt-error")).not_to_be_empty()
    await look_over(visitor)
    visitor.studio.karlo.set_fault("error-9798")
    await visitor.write(version="v2.1")
    await page.locator("#draw").click()
    await expect(page.locator(".problem")).to_be_visible()
    await look_over(visitor)
    await visitor.write("a calm sea, and a word_that_does_not_end" + "_at_all" * 12, seed="1 2")
    await page.locator("#draw").click()
    await visitor.developed(2)
    await look_over(visitor)
    for number in range(2):
        await page.locator(".pictures figure").nth(number).locator(".actions button").nth(1).click()
        await look_over(visitor)
    await page.keyboard.press("Escape")
    await page.locator(".pictures .picture").first.click()
    await look_over(visitor)
    await page.locator("#viewer .actions button").nth(2).click()
    await look_over(visitor)
    await page.keyboard.press("Escape")
    await page.locator("#viewer .danger").click()
    await look_over(visitor)


async def tab_to(page: Page, where: str) -> None:
    for _ in range(30):
        if await page.locator(f"{where}:focus").count():
            return
        await page.keyboard.press("Tab")
    pytest.fail(f"{where} cannot be reached")


async def test_it_needs_no_mouse(visitor: Visitor) -> None:
    page, keys = visitor.page, visitor.page.keyboard
    await visitor.enter()
    await keys.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the pictures")).to_be_focused()
    for field, written in (("#prompt", "a calm sea"), ("#width", "96"), ("#height", "64")):
        await tab_to(page, field)
        await keys.type(written)
    await keys.press("Control+Enter")
    await visitor.developed()
    await tab_to(page, ".pictures .picture")
    await keys.press("Enter")
    await expect(page.get_by_role("dialog", name="Image 1 of 1")).to_be_visible()
    await expect(visitor.button("Close", within="#viewer")).to_be_focused()
    await keys.press("Escape")
    await expect(page.locator(".pictures .picture")).to_be_focused()


@pytest.mark.parametrize("visitor", [{"locale": "ko-KR"}], indirect=True, ids=["ko"])
async def test_it_speaks_korean_and_english(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter()
    await expect(page.locator("html")).to_have_attribute("lang", "ko")
    visitor.studio.karlo.set_fault("error-9798")
    await visitor.write(version="v2.1")
    await visitor.button("그리기").click()
    told = page.get_by_role("alert").filter(has_text="제공자를 지금 이용할 수 없습니다")
    await expect(told.get_by_text("비용은 청구되지 않았습니다.")).to_be_visible()
    await visitor.button("English").click()
    await expect(page.get_by_role("alert").filter(has_text="The provider is not available")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await page.reload()
    await expect(page.get_by_role("heading", name="Come in")).to_be_visible()
