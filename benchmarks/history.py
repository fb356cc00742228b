"""`python -m benchmarks.history`: what a phone downloads to show a long history; `--write` writes docs/performance.md.

Chromium, with a phone's screen and its cache on the disk, opens the page and scrolls through the whole contact sheet,
twice, with previews and without. A proxy between it and the service counts every byte that the service sends.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
from playwright.async_api import BrowserContext, Page

from benchmarks.page import print_or_write
from harness.caller import SECRET, calling
from servers.browser import open_profile
from servers.darkroom import Darkroom
from servers.ports import free_port
from servers.proxy import Proxy

_PICTURES: Final = 500
_FIRST: Final = 24  # generations that the page asks for at a time
_SIZE: Final = {"width": 768, "height": 512}
_AT_ONCE: Final = 4
_MEGABYTE: Final = 1_000_000
_PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
_PATIENCE_MS: Final = 120_000
_SHOWN: Final = """
    () => [...document.querySelectorAll(".frame img")]
      .filter((img) => {
        const { top, bottom } = img.getBoundingClientRect();
        return bottom > 0 && top < innerHeight;
      })
      .every((img) => img.complete && img.naturalWidth)
"""
_SCROLL: Final = """
    () => new Promise((done) => {
      scrollBy({ top: innerHeight / 2, behavior: "instant" });
      requestAnimationFrame(() => requestAnimationFrame(done));
    })
"""
_AT_THE_END: Final = "() => scrollY + innerHeight >= document.documentElement.scrollHeight - 1"


@dataclass(frozen=True, slots=True)
class Visit:
    """The bytes that the service has sent once the page is open, and once all of the history was in view."""

    opened: int
    whole: int


def measure() -> Iterator[str]:
    """Measure all of it; return it as Markdown."""
    size = f"{_SIZE['width']} x {_SIZE['height']}"
    yield f"| {_PICTURES} pictures of {size} on a phone, MB | opened | scrolled to the end |"
    yield "|---|---:|---:|"
    for name, previews in (("with the extra `previews`", True), ("without it", False)):
        with TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as folder:
            visits = asyncio.run(_visits(Path(folder), previews=previews))
        for which, visit in zip(("first", "second"), visits, strict=True):
            yield f"| {name}, {which} visit | {visit.opened / _MEGABYTE:.2f} | {visit.whole / _MEGABYTE:.2f} |"


async def _visits(folder: Path, *, previews: bool) -> tuple[Visit, Visit]:
    port = free_port()
    async with Proxy(port) as proxy, calling("ada") as caller:
        settings = {
            "DARKROOM_JWT_SECRET": SECRET,
            "DARKROOM_PREVIEWS": str(previews).lower(),
            "DARKROOM_PUBLIC_URL": proxy.url,
        }
        with Darkroom(folder, settings, port=port) as darkroom:
            url = await asyncio.to_thread(darkroom.wait_until_ready)
            await _draw(url, caller.authorization, previews=previews)
            link = f"{proxy.url}/#token={caller.authorization.removeprefix('Bearer ')}"
            async with open_profile(folder / "browser", _PHONE) as browser:
                return await _visit(browser, link, proxy), await _visit(browser, link, proxy)


async def _draw(url: str, authorization: str, *, previews: bool) -> None:
    """Draw all pictures, and wait for their previews, which are made after the answers."""
    room = asyncio.Semaphore(_AT_ONCE)
    async with aiohttp.ClientSession(headers={"Authorization": authorization}, raise_for_status=True) as session:

        async def one(seed: int) -> None:
            order = {"version": "sketch", "prompt": f"a lighthouse over a calm sea, {seed}", "seed": [seed], **_SIZE}
            async with room, session.post(f"{url}/api/images", json=order) as answer:
                await answer.read()

        await asyncio.gather(*(one(seed) for seed in range(_PICTURES)))
        while previews and await _with_previews(session, url) < _PICTURES:  # noqa: ASYNC110  # of another process
            await asyncio.sleep(1)


async def _with_previews(session: aiohttp.ClientSession, url: str) -> int:
    """Count the images that have a preview."""
    count, cursor = 0, ""
    while True:
        async with session.get(f"{url}/api/generations?limit=100{cursor}") as answer:
            page = await answer.json()
        count += sum(bool(image["preview"]) for item in page["items"] for image in item["images"])
        if not page["next_cursor"]:
            return count
        cursor = f"&cursor={page['next_cursor']}"


async def _visit(browser: BrowserContext, link: str, proxy: Proxy) -> Visit:
    before = proxy.downloaded
    page = await browser.new_page()
    await page.goto(link)
    await page.locator(".frame").nth(_FIRST - 1).wait_for(state="attached")
    await page.wait_for_load_state("networkidle")
    opened = proxy.downloaded - before
    while not await _all_was_in_view(page):
        await page.evaluate(_SCROLL)
        await page.wait_for_function(_SHOWN, timeout=_PATIENCE_MS)
    await page.wait_for_load_state("networkidle")
    await page.close()
    return Visit(opened, proxy.downloaded - before)


async def _all_was_in_view(page: Page) -> bool:
    return await page.locator(".frame").count() == _PICTURES and bool(await page.evaluate(_AT_THE_END))


if __name__ == "__main__":
    raise SystemExit(print_or_write("history", measure))
