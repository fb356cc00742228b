"""Progress on the page, from a provider that counts its steps."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from darkroom.domain.model.progress import Progress
from integration.http.generators import TellingGenerator
from integration.http.house import open_house, token

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_steps_and_the_remaining_time_are_shown_and_announced(chromium: Browser) -> None:
    generator = TellingGenerator()
    async with open_house(generator=generator) as house:
        page = await chromium.new_page(locale="en-GB")
        await page.goto(f"{house.client.base_url}#token={token()}")
        await page.get_by_label("Prompt", exact=True).fill("a calm sea")
        await page.get_by_role("button", name="Draw", exact=True).click()
        await expect(page.get_by_role("status").filter(has_text="Drawing")).to_be_attached()
        generator.told = Progress(step=17, steps=50, seconds_left=8.4)
        await expect(page.locator(".said")).to_have_text("Drawing: step 17 of 50")
        await expect(page.get_by_text("about 9 seconds left")).to_be_visible()
        bar = page.get_by_role("progressbar", name="Drawing")
        assert await bar.evaluate("bar => [bar.value, bar.max]") == [17, 50]
        generator.gate.set()
        await expect(page.locator(".tray figure")).to_have_count(1)
        await page.close()
