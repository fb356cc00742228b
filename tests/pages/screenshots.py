"""`docs/pictures/page-*.png`, screenshots of the page. `make screenshots` takes them.

They look best with the fonts of Debian's packages fonts-inter and fonts-nanum.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from PIL import Image
from playwright.async_api import Browser, Page, ViewportSize

from integration.page.studio import Studio, open_studio
from servers.browser import open_browser

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
DESKTOP: Final[ViewportSize] = {"width": 1120, "height": 780}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
# The pictures on the contact sheet, newest last.
DRAWN: Final = (
    ("snow over a quiet village at night", [3]),
    ("smoke, violet and gold", [12]),
    ("a forest in morning fog", [5]),
    ("red blossoms on a dark ground", [21]),
    ("a desert under a pale moon", [8]),
    ("city lights in the rain", [2, 9]),
    ("layers of coloured stone", [31]),
    ("mountains above a lake in autumn", [17]),
    ("a meadow full of poppies in summer", [4]),
    ("a stormy sea beneath black clouds", [40]),
)


async def take_all() -> None:
    """Take every screenshot."""
    with tempfile.TemporaryDirectory() as folder, open_studio(Path(folder)) as studio:
        async with open_browser() as browser:
            for prompt, seeds in DRAWN:
                draw(studio, prompt, seeds)
            async with visit(browser, studio, DESKTOP, {"color_scheme": "light"}) as page:
                await ordered(page, "a lighthouse over a calm sea at sunset", seed="7")
                await take(page, "page-desktop")
                await page.evaluate("document.querySelector('#sheet').scrollIntoView()")
                await shown(page, ".thumbnails img")
                await take(page, "page-history")
            async with visit(browser, studio, DESKTOP, {"color_scheme": "dark"}) as page:
                await ordered(page, "snow on the mountains under the moon", seed="1, 2, 3, 4")
                await take(page, "page-dark")
                await page.locator(".pictures .picture").nth(1).click()
                await shown(page, "#viewer img")
                await take(page, "page-large")
                await page.keyboard.press("Escape")
                await page.locator(".pictures").get_by_role("button", name="Compare").nth(0).click()
                await page.locator(".pictures").get_by_role("button", name="Compare").nth(2).click()
                await shown(page, "#comparison img")
                await take(page, "page-compare")
            async with visit(browser, studio, DESKTOP, {"color_scheme": "dark"}) as page:
                studio.karlo.set_fault("reset-after-charge")
                await page.select_option("#version", "v2.1")
                await page.fill("#prompt", "a lighthouse over a calm sea at sunset")
                await page.click("#draw")
                await page.wait_for_selector(".problem")
                await take(page, "page-error")
                studio.karlo.clear_faults()
            async with visit(browser, studio, DESKTOP, {"color_scheme": "light", "locale": "ko-KR"}) as page:
                await ordered(page, "pine trees by a lake in the morning", seed="5")
                await take(page, "page-korean")
            async with visit(browser, studio, PHONE, {"color_scheme": "dark", "device_scale_factor": 2}) as page:
                await ordered(page, "a lighthouse over a calm sea at sunset", seed="7")
                await page.evaluate("document.querySelector('#stage').scrollIntoView()")
                await take(page, "page-phone")


def draw(studio: Studio, prompt: str, seeds: list[int]) -> None:
    """Draw pictures for the visitor."""
    order = {"version": "sketch", "prompt": prompt, "width": 576, "height": 432, "seed": seeds}
    headers = {"Authorization": f"Bearer {studio.token()}"}
    httpx.post(f"{studio.url}/api/images", json=order, headers=headers, timeout=60).raise_for_status()


@asynccontextmanager
async def visit(
    browser: Browser, studio: Studio, viewport: ViewportSize, wanted: Mapping[str, Any]
) -> AsyncIterator[Page]:
    """Yield the page, opened by a link, without animations."""
    context = await browser.new_context(viewport=viewport, reduced_motion="reduce", **wanted)
    page = await context.new_page()
    await page.goto(studio.link(images_per_day=100))
    await page.wait_for_selector("#room:not([hidden])")
    try:
        yield page
    finally:
        await context.close()


async def ordered(page: Page, prompt: str, *, seed: str) -> None:
    """Order with the page, and wait for the pictures."""
    await page.fill("#prompt", prompt)
    await page.click("#more summary")
    await page.fill("#seed", seed)
    await page.click("#more summary")
    await page.click("#draw")
    await shown(page, ".pictures img")
    await page.evaluate("scrollTo(0, 0)")


async def shown(page: Page, images: str) -> None:
    """Wait until images can be seen."""
    await page.wait_for_function(
        "which => { const all = [...document.querySelectorAll(which)];"
        " return all.length && all.every(image => image.complete && image.naturalWidth) }",
        arg=images,
    )
    # The browser decodes images in the background, so a loaded image may not be painted yet.
    await page.locator(images).evaluate_all("all => Promise.all(all.map(image => image.decode()))")


async def take(page: Page, name: str) -> None:
    """Take a screenshot and reduce it to 256 colours, which makes it small without a visible difference."""
    with Image.open(io.BytesIO(await page.screenshot())) as taken:
        every = taken.convert("RGB")
        palette = every.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=3)
        every.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(
            PICTURES / f"{name}.png", optimize=True
        )


if __name__ == "__main__":
    asyncio.run(take_all())
