"""A real browser: Chromium without a window, from Debian's package."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, async_playwright

from servers.parts import PartMissing

# In containers, its sandbox lacks rights and shared memory is small; it opens no pages but ours.
_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Yield headless Chromium.

    Raises:
        PartMissing: Chromium is not installed.
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
    """Yield a context of headless Chromium that keeps its profile and its cache in a folder.

    `special` are options of the context, as of Playwright's `new_context`.

    Raises:
        PartMissing: Chromium is not installed.
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
    # The program with windows runs its own page for tabs beside each of ours, which takes three times the CPU time.
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if program is None:
        raise PartMissing("Chromium, the browser", "it is not installed (Debian: chromium-headless-shell)")
    return program
