"""A real browser: Chromium, from Debian's package."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

from servers.parts import PartMissing


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Chromium without a window, until the block ends.

    Raises:
        PartMissing: this machine has none.
    """
    program = shutil.which("chromium")
    if program is None:
        raise PartMissing("Chromium, the browser", "it is not installed (Debian: apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program,
            # Containers have neither the rights for its sandbox nor much shared memory; it sees nothing but us.
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        try:
            yield browser
        finally:
            await browser.close()
