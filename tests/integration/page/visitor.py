"""A visitor of the page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.async_api import Browser, Locator, Page, Request, expect

from integration.page.studio import Studio

expect.set_options(timeout=15_000)


@dataclass
class Visitor:
    """`page` is what the browser shows; `asked` holds the browser's requests, as `METHOD URL`."""

    studio: Studio
    subject: str
    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def enter(self, **claims: object) -> None:
        """Sign in by a link."""
        await self.page.goto(self.studio.link(self.subject, **claims))
        await expect(self.page.locator("#room")).to_be_visible()

    async def write(self, prompt: str = "a calm sea", *, version: str = "sketch", **more: str) -> None:
        """Fill in the form."""
        await self.page.select_option("#version", version)
        await self.page.fill("#prompt", prompt)
        if version == "sketch":
            await self.page.fill("#width", "96")
            await self.page.fill("#height", "64")
        for name, value in more.items():
            await self.page.locator("#more").evaluate("details => details.open = true")
            await self.page.fill(f"#{name}", value)

    async def draw(self, prompt: str = "a calm sea", **order: str) -> None:
        """Fill in the form, submit it, and wait for the image."""
        await self.write(prompt, **order)
        await self.button("Draw").click()
        await self.developed()

    async def developed(self, count: int = 1) -> None:
        """Wait until the tray shows this number of images."""
        await expect(self.page.locator(".pictures img.there")).to_have_count(count)

    def button(self, name: str, *, within: str = "body") -> Locator:
        """A button, by its accessible name."""
        return self.page.locator(within).get_by_role("button", name=name, exact=True)

    def orders(self) -> int:
        """How often the page sent an order."""
        return sum(address == f"POST {self.studio.url}/api/images" for address in self.asked)

    def ask(
        self, method: str, path: str, json: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Call the service without the page."""
        every = {"Authorization": f"Bearer {self.studio.token(self.subject)}", **(headers or {})}
        return httpx.request(method, self.studio.url + path, json=json, headers=every, timeout=30, trust_env=False)


@asynccontextmanager
async def visiting(
    browser: Browser, studio: Studio, *, subject: str, storage: str = "", special: Mapping[str, Any] | None = None
) -> AsyncIterator[Visitor]:
    """A visitor with a browser of their own, opened with the `special` options.

    Fails if the page throws an error, violates its content security policy, or calls another server than the service
    and the `storage`, which may also be the origin of an OpenID provider.
    """
    wanted = {"viewport": {"width": 1200, "height": 800}, "reduced_motion": "reduce", "locale": "en-GB"}
    context = await browser.new_context(**wanted | dict(special or {}))
    page = await context.new_page()
    visitor = Visitor(studio, subject, page)

    def asked_by_us(request: Request) -> None:
        # The requests of an OpenID provider's own pages are not counted.
        if not (storage and request.frame.url.startswith(storage)):
            visitor.asked.append(f"{request.method} {request.url}")

    page.on("request", asked_by_us)
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    page.on(
        "console",
        lambda said: visitor.complaints.append(said.text) if "Content Security Policy" in said.text else None,
    )
    try:
        yield visitor
    finally:
        await context.close()
    assert visitor.complaints == []
    asked = {urlsplit(address.split()[1]).netloc for address in visitor.asked}
    assert asked <= {urlsplit(origin).netloc for origin in (studio.url, storage)}
