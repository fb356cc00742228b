"""The page reports every failure, and nothing is paid twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from playwright.async_api import Browser, Route, expect

from integration.page.studio import Studio
from integration.page.visitor import Visitor, visiting
from servers.proxy import NO_FAULTS, Faults, Proxy

pytestmark = pytest.mark.asyncio(loop_scope="session")

SLOW = 2.0
"""Seconds that the provider takes in tests that look at the page while it draws."""


def charged(visitor: Visitor) -> int:
    images: int = visitor.studio.karlo.charges()["charged_images"]
    return images


async def start(visitor: Visitor) -> None:
    """Order from the provider, which is slow."""
    visitor.studio.karlo.set_fault("slow", seconds=SLOW)
    await visitor.write(version="v2.1")
    await visitor.button("Draw").click()
    await expect(visitor.page.locator(".progress .said")).to_have_text("Drawing")


async def test_what_the_service_finds_wrong_is_shown_at_its_field(visitor: Visitor) -> None:
    await visitor.enter()
    await visitor.write("a calm\x01sea")
    await visitor.button("Draw").click()
    await expect(visitor.page.locator("#prompt-error")).to_contain_text("must not hold control characters")
    await expect(visitor.page.locator("#prompt")).to_be_focused()
    await expect(visitor.page.locator("#empty")).to_be_visible()


async def test_an_expired_token_is_asked_for_again_and_nothing_is_lost(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter()

    async def expired(route: Route) -> None:
        await route.continue_(headers={**route.request.headers, "authorization": "Bearer expired"})

    await page.route("**/api/images", expired, times=1)
    await visitor.write()
    await visitor.button("Draw").click()
    await expect(page.get_by_text("Your token is no longer accepted.")).to_be_visible()
    await page.get_by_label("Access token").fill(visitor.studio.token(visitor.subject))
    await page.keyboard.press("Enter")
    await visitor.developed()
    await expect(page.locator("#prompt")).to_have_value("a calm sea")


async def test_an_unknown_outcome_is_shown_and_only_the_user_orders_again(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter()
    visitor.studio.karlo.set_fault("reset-after-charge", times=1)
    await visitor.write(version="v2.1")
    await visitor.button("Draw").click()
    told = page.get_by_role("alert").filter(has_text="Outcome unknown")
    await expect(told.get_by_text("It is not known whether it was charged.")).to_be_visible()
    assert charged(visitor) == 1
    await visitor.button("Draw again").click()
    await visitor.developed()
    assert charged(visitor) == 2


async def test_a_refusal_says_that_nothing_was_charged(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter()
    visitor.studio.karlo.set_fault("error-9798")
    await visitor.write(version="v2.1")
    await visitor.button("Draw").click()
    told = page.get_by_role("alert").filter(has_text="The provider is not available")
    await expect(told.get_by_text("Nothing was charged.")).to_be_visible()
    await expect(page.locator(".frame").get_by_text("Refused")).to_be_visible()


async def test_the_limit_of_a_caller_says_when_to_try_again(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter(images_per_day=1)
    await visitor.draw()
    await expect(page.get_by_text("1 of 1 images in the last 24 hours")).to_be_visible()
    await visitor.button("Draw").click()
    told = page.get_by_role("alert").filter(has_text="Your own limit is reached")
    await expect(told.get_by_text("Try again in about a day.")).to_be_visible()


async def test_an_order_whose_answer_is_lost_is_repeated_and_paid_once(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter()

    async def lose(route: Route) -> None:
        assert (await route.fetch()).status == 202
        await route.abort()

    await page.route("**/api/images", lose, times=1)
    await visitor.write(version="v2.1")
    await visitor.button("Draw").click()
    await visitor.developed()
    assert visitor.orders() == 2
    assert charged(visitor) == 1


async def test_a_lost_connection_is_shown_and_the_image_comes_later(chromium: Browser, studio: Studio) -> None:
    async with (
        Proxy(int(studio.url.rpartition(":")[2])) as proxy,
        visiting(chromium, replace(studio, url=proxy.url), subject="lost", storage=studio.url) as visitor,
    ):
        await visitor.enter()
        await start(visitor)
        await proxy.switch(Faults(refuse=True))
        await expect(visitor.page.locator(".progress .said")).to_contain_text("Your order is safe")
        await proxy.switch(NO_FAULTS)
        await visitor.developed()
    assert charged(visitor) == 1


async def test_an_order_during_which_the_page_is_reloaded_is_paid_once(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter()
    await start(visitor)
    await page.reload()
    await expect(page.locator("#door")).to_be_visible()
    await visitor.enter()
    await expect(page.locator(".progress .said")).to_have_text("Drawing")
    await visitor.developed()
    assert (visitor.orders(), charged(visitor)) == (1, 1)


async def test_an_unanswered_order_is_repeated_after_a_reload_for_its_own_caller_only(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter()
    arrived = asyncio.Event()

    async def never_answer(route: Route) -> None:
        assert (await route.fetch()).status == 202
        arrived.set()

    await page.route("**/api/images", never_answer)
    await visitor.write(version="v2.1")
    await visitor.button("Draw").click()
    await arrived.wait()
    await page.goto("about:blank")
    await page.unroute_all()
    await page.goto(visitor.studio.link("someone else"))
    await expect(page.get_by_text("What you draw is kept here.")).to_be_visible()
    assert visitor.orders() == 1
    await page.goto("about:blank")
    await visitor.enter()
    await visitor.developed()
    assert (visitor.orders(), charged(visitor)) == (2, 1)


async def test_an_image_is_shown_once_a_storage_that_was_away_is_back(visitor: Visitor) -> None:
    page, images = visitor.page, visitor.studio.folder / ".darkroom" / "images"
    await visitor.enter()
    await visitor.draw()
    aside = images.rename(images.with_name("images-aside"))
    images.write_text("in the way")
    try:
        await visitor.write("a stormy sea")
        await visitor.button("Draw").click()
        await expect(page.locator(".progress .said")).to_contain_text("Drawn and safe.")
        assert await visitor.button("Draw").get_attribute("aria-disabled") == "false"
    finally:
        images.unlink()
        aside.rename(images)
    await expect(page.locator(".pictures img.there")).to_have_attribute("alt", "a stormy sea")


async def test_an_order_that_waits_for_its_turn_can_be_cancelled(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter()
    visitor.studio.karlo.set_fault("slow", seconds=SLOW)
    before = {"version": "v2.1", "prompt": "a calm sea", "width": 512, "height": 512}
    visitor.ask("POST", "/api/images", json=before, headers={"Prefer": "respond-async"})
    await visitor.write()
    await visitor.button("Draw").click()
    await expect(page.locator(".progress .said")).to_contain_text("Waiting for its turn")
    await visitor.button("Cancel", within="#trays").click()
    await expect(page.get_by_text("Cancelled before anything was drawn.")).to_be_visible()
