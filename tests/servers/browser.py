"""A real browser: Chromium, from Debian's package."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, async_playwright

from servers.parts import PartMissing

# Containers have neither the rights for its sandbox nor much shared memory; it sees nothing but us.
_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Chromium without a window, until the block ends.

    Raises:
        PartMissing: this machine has none.
    """
    program = _chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def open_profile(folder: Path, special: Mapping[str, Any]) -> AsyncIterator[BrowserContext]:
    """Chromium without a window, `special` as a context is, whose cache and all else that it keeps lie in a folder.

    Raises:
        PartMissing: this machine has none.
    """
    program = _chromium()
    async with async_playwright() as playwright:
        profile = await playwright.chromium.launch_persistent_context(
            folder, executable_path=program, args=_ARGUMENTS, **special
        )
        try:
            yield profile
        finally:
            await profile.close()


def _chromium() -> str:
    program = shutil.which("chromium")
    if program is None:
        raise PartMissing("Chromium, the browser", "it is not installed (Debian: apt-get install chromium)")
    return program
