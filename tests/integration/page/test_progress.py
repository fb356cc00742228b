"""Progress on the page, from a provider that counts its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from darkroom.adapters.in_memory.generator import tile
from darkroom.domain.model.errors import GeneratorUnavailable
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import Receipt
from integration.http.generators import TellingGenerator
from integration.http.house import open_house, token
from integration.page.test_everybody import LOOKED_OVER, PHONE

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


UNFINISHED = ".developing canvas"
COLOUR = "canvas => [canvas.width, canvas.height, ...canvas.getContext('2d').getImageData(1, 1, 1, 1).data.slice(0, 3)]"
PLACES = "() => [...document.querySelectorAll('.developing, .below, .caption')].map(one => one.offsetTop)"
DESKTOP = {"viewport": {"width": 1200, "height": 800}, "reduced_motion": "reduce"}


class FailingLateGenerator(TellingGenerator):
    """Fails once its gate is open."""

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        await super().submit(request, key)
        raise GeneratorUnavailable("it broke down")


ENGLISH = (DESKTOP | {"locale": "en-GB"}, "Draw", "Unfinished picture")
KOREAN = ({"color_scheme": "dark", "locale": "ko-KR", **PHONE}, "그리기", "그리는 중인 그림")


@pytest.mark.parametrize(
    ("kind", "special", "draw", "name"),
    [
        pytest.param(TellingGenerator, *ENGLISH, id="drawn-desktop"),
        pytest.param(FailingLateGenerator, *KOREAN, id="failed-phone-dark-ko"),
        pytest.param(TellingGenerator, *KOREAN, id="drawn-phone-dark-ko", marks=pytest.mark.thorough),
        pytest.param(FailingLateGenerator, *ENGLISH, id="failed-desktop", marks=pytest.mark.thorough),
    ],
)
async def test_an_unfinished_picture_is_shown_until_the_order_ends(
    chromium: Browser, special: Mapping[str, Any], draw: str, name: str, kind: type[TellingGenerator]
) -> None:
    generator = kind()
    async with open_house(generator=generator) as house:
        context = await chromium.new_context(**special)
        page, complaints = await context.new_page(), list[str]()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        address = f"{house.client.base_url}#token={token()}"
        await page.goto(address)
        await page.locator("#prompt").fill("a calm sea")
        await page.get_by_role("button", name=draw, exact=True).click()
        await expect(page.locator(".said")).not_to_be_empty()
        generator.told = Progress(step=16, steps=50)
        await expect(page.get_by_role("progressbar")).to_have_attribute("value", "16")
        await expect(page.locator(UNFINISHED)).to_be_hidden()
        before = await page.evaluate(PLACES)

        canvas = page.get_by_role("img", name=name, exact=True)
        generator.told, generator.shown = Progress(step=17, steps=50), tile(8, 8, 0x10A0F0)
        await expect(canvas).to_be_visible()
        assert await canvas.evaluate(COLOUR) == [8, 8, 0x10, 0xA0, 0xF0]
        assert await page.evaluate(PLACES) == before
        assert await page.evaluate(LOOKED_OVER) == []
        sheet, picture = [await page.locator(each).bounding_box() for each in (".developing", UNFINISHED)]
        assert picture == sheet

        # The browser cannot decode the next one: the one before stays.
        start, _, end = tile(9, 9, 1).partition(b"IDAT")
        generator.told, generator.shown = (
            Progress(step=18, steps=50),
            start + b"IDAT" + bytes(len(end) - 12) + end[-12:],
        )
        await expect(page.get_by_role("progressbar")).to_have_attribute("value", "18")
        generator.told, generator.shown = Progress(step=19, steps=50), tile(16, 8, 0xF0A010)
        await expect(page.get_by_role("progressbar")).to_have_attribute("value", "19")
        await page.wait_for_function("canvas => canvas.width === 16", arg=await canvas.element_handle())
        assert await canvas.evaluate(COLOUR) == [16, 8, 0xF0, 0xA0, 0x10]

        await page.goto("about:blank")
        await page.goto(address)
        await expect(canvas).to_be_visible()
        generator.gate.set()
        await expect(page.locator("article[aria-busy]")).to_have_count(0)
        await expect(page.locator("canvas")).to_have_count(0)
        await expect(page.locator(".tray figure")).to_have_count(1 if kind is TellingGenerator else 0)
        await context.close()
    # The links of the storage in memory lead nowhere.
    assert [complaint for complaint in complaints if "memory:" not in complaint] == []
