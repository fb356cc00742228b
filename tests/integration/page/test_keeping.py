"""The contact sheet keeps earlier orders."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from integration.page.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")

TINY = {"version": "sketch", "prompt": "a calm sea", "width": 64, "height": 64}


async def draw_many(visitor: Visitor, count: int) -> None:
    orders = [asyncio.to_thread(visitor.ask, "POST", "/api/images", json=TINY | {"seed": [n]}) for n in range(count)]
    assert {answer.status_code for answer in await asyncio.gather(*orders)} == {200}


async def test_older_orders_are_loaded_on_scrolling(visitor: Visitor) -> None:
    page = visitor.page
    await draw_many(visitor, 30)
    await visitor.enter()
    await expect(page.locator(".frame")).to_have_count(24)
    await page.mouse.wheel(0, 20_000)
    await expect(page.locator(".frame")).to_have_count(30)
    await expect(visitor.button("Show older ones")).to_be_hidden()
    await page.locator(".frame .picture").last.click()
    await expect(page.get_by_role("heading", name="Image 30 of 30")).to_be_visible()


async def test_the_form_survives_a_reload_and_the_token_does_if_the_user_wants_it(visitor: Visitor) -> None:
    page = visitor.page
    await page.goto(visitor.studio.url)
    await page.get_by_label("Access token").fill(visitor.studio.token(visitor.subject))
    await page.get_by_label("Keep it until this tab is closed").check()
    await page.keyboard.press("Enter")
    await visitor.write("a stormy sea", version="pictures")
    await page.select_option("#size", "1536x1024")
    await page.reload()
    await expect(page.locator("#prompt")).to_have_value("a stormy sea")
    for field, value in (("#version", "pictures"), ("#size", "1536x1024")):
        await expect(page.locator(field)).to_have_value(value)
    await visitor.write("a calm sea", guidance_scale="7.5")
    await page.reload()
    for field, value in (("#version", "sketch"), ("#width", "96"), ("#guidance_scale", "7.5")):
        await expect(page.locator(field)).to_have_value(value)
    await visitor.button("Sign out").click()
    await expect(page.get_by_label("Access token")).to_be_focused()
    await page.get_by_label("Keep it until this tab is closed").uncheck()
    await page.get_by_label("Access token").fill(visitor.studio.token("someone else"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#prompt")).to_have_value("")
    await page.reload()
    await expect(page.get_by_label("Access token")).to_be_focused()


async def test_an_order_is_deleted_after_a_confirmation(visitor: Visitor) -> None:
    page = visitor.page
    await draw_many(visitor, 2)
    await visitor.enter()
    await visitor.draw()
    newest = visitor.ask("GET", "/api/generations").json()["items"][0]
    await visitor.button("Delete", within=f'[data-id="{newest["id"]}"]').click()
    question = page.get_by_role("dialog", name="Delete for good?")
    await expect(question.get_by_text("1 image will be removed from storage")).to_be_visible()
    await expect(visitor.button("Cancel", within="#removal")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(question).to_be_hidden()
    await expect(page.locator(".frame")).to_have_count(3)
    await visitor.button("Delete", within=f'[data-id="{newest["id"]}"]').click()
    await visitor.button("Delete", within="#removal").click()
    await expect(page.locator(".frame")).to_have_count(2)
    await expect(page.get_by_role("status").filter(has_text="Deleted.")).to_be_attached()
    await expect(page.locator(".frame button").first).to_be_focused()
    await expect(page.locator("#stage").get_by_text("The tray is empty.")).to_be_visible()
    assert visitor.ask("GET", f"/api/generations/{newest['id']}").status_code == 410


async def test_an_order_can_be_deleted_while_it_is_shown_large(visitor: Visitor) -> None:
    page = visitor.page
    await draw_many(visitor, 1)
    await visitor.enter()
    await page.locator(".frame .picture").click()
    await visitor.button("Delete", within="#viewer").click()
    await visitor.button("Delete", within="#removal").click()
    await expect(page.locator("dialog:visible")).to_have_count(0)
    await expect(page.get_by_text("What you draw is kept here.")).to_be_visible()
