"""From a token to an image, and what a user can do with the image."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from darkroom.domain.model.image_file import ImageFile
from integration.http.house import SECRET
from integration.page.studio import Studio
from integration.page.visitor import Visitor, visiting
from servers.darkroom import Darkroom
from servers.s3 import S3Server

TIMES = "\N{MULTIPLICATION SIGN}"

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_from_the_link_that_serve_prints_to_the_downloaded_image(chromium: Browser, tmp_path: Path) -> None:
    with Darkroom(tmp_path, {}) as darkroom:
        url = darkroom.wait_until_ready()
        link = await asyncio.to_thread(darkroom.wait_for, r"(\S+/#token=\S+)")
        page = await chromium.new_page()
        await page.goto(link[1])
        await expect(page.locator("#room")).to_be_visible()
        assert page.url == f"{url}/"
        await page.get_by_role("button", name="Start with an example").click()
        await page.fill("#width", "96")
        await page.fill("#height", "64")
        await page.get_by_role("button", name="Draw", exact=True).click()
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="Download").click()
        downloaded = await downloading.value
        await expect(page.get_by_role("status").filter(has_text="Done: 1 image.")).to_be_attached()
        image = await asyncio.to_thread(Path(await downloaded.path()).read_bytes)
        kept = await page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie, history.state])")
        await page.close()
    inspected = ImageFile.inspect(image)
    assert (inspected.width, inspected.height) == (96, 64)
    assert downloaded.suggested_filename.endswith(".png")
    assert link[1].partition("=")[2] not in kept


async def test_a_token_can_be_pasted(visitor: Visitor) -> None:
    page, studio = visitor.page, visitor.studio
    await page.goto(studio.url)
    await expect(page.get_by_label("Access token")).to_be_focused()
    for pasted, told in (("hello", "does not look like"), (studio.token(aud="others"), "is not accepted")):
        await page.get_by_label("Access token").fill(pasted)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert").filter(has_text=told)).to_be_visible()
    await page.get_by_label("Access token").fill(f"Bearer {studio.token(images_per_day=50)} ")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("0 of 50 images in the last 24 hours")).to_be_visible()
    await visitor.draw()
    await expect(page.get_by_text("1 of 50 images in the last 24 hours")).to_be_visible()


async def test_the_budget_is_shown_and_only_models_that_the_caller_may_order_are_offered(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter(spend_per_day="0.50 USD", models=["v2.1"])
    await expect(page.locator("#version option")).to_have_text(["v2.1"])
    await expect(page.get_by_text("$0.00 of $0.50 in the last 24 hours")).to_be_visible()
    await visitor.draw(version="v2.1")
    await expect(page.get_by_text("$0.02 of $0.50 in the last 24 hours")).to_be_visible()


async def test_the_limits_of_the_model_are_those_of_the_form(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter()
    await visitor.write(version="v2.0")
    sides = await page.locator("#width").evaluate("({ min, max, step }) => [min, max, step]")
    assert sides == ["384", "640", "8"]
    await expect(page.locator("#prompt-hint")).to_have_text("10 of 256 characters")
    await visitor.write("x" * 257, version="v2.0", width="388", num_inference_steps="9", seed="1, x")
    await visitor.button("Draw").click()
    for field, told in (
        *(("prompt", "At most 256"), ("width", "384 to 640 in steps of 8"), ("num_inference_steps", "10 to 100")),
        ("seed", "Whole numbers"),
    ):
        await expect(page.locator(f"#{field}-error")).to_contain_text(told)
        await expect(page.locator(f"#{field}")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#prompt")).to_be_focused()
    await page.select_option("#version", "pictures")
    await expect(page.locator("#size option")).to_have_text([f"1024 {TIMES} 1024", f"1536 {TIMES} 1024"])
    for honoured_by_others in ("#width", "#more"):
        await expect(page.locator(honoured_by_others)).to_be_hidden()
    assert visitor.orders() == 0


async def test_an_image_is_drawn_again_with_the_same_seed_and_one_change(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter()
    await visitor.draw(seed="5")
    before = await page.locator(".pictures img").get_attribute("src")
    await visitor.button("Change one thing").click()
    await expect(page.locator("#changes")).to_have_text("Nothing is changed yet: it would be the same picture.")
    await page.fill("#guidance_scale", "15")
    await expect(page.locator("#changes")).to_have_text("Changed: Guidance.")
    await visitor.button("Draw").click()
    await visitor.button("Side by side with the one before").click()
    pair = page.get_by_role("dialog", name="Side by side")
    await expect(pair.locator("tr.differs th")).to_have_text(["Guidance"])
    await expect(pair.get_by_text("They differ in: Guidance.")).to_be_visible()
    shown = [await image.get_attribute("src") for image in await pair.locator("img").all()]
    assert shown[0] == before != shown[1]
    orders = [shown["order"] for shown in visitor.ask("GET", "/api/generations").json()["items"]]
    assert [order["seed"] for order in orders] == [[5], [5]]
    assert [order["guidance_scale"] for order in orders] == [15.0, None]


async def test_two_images_of_an_order_are_compared_and_all_are_shown_large(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter()
    await visitor.write(seed="1 2 3")
    await visitor.button("Draw").click()
    await visitor.developed(3)
    await visitor.button("Compare").nth(0).click()
    await expect(page.get_by_role("status").filter(has_text="Seed 1 is chosen")).to_be_attached()
    await visitor.button("Compare").nth(2).click()
    pair = page.get_by_role("dialog", name="Side by side")
    await expect(pair.locator("tr.differs td")).to_have_text(["1", "3"])
    await page.keyboard.press("Escape")
    await page.locator(".pictures .picture").nth(1).click()
    viewer = page.locator("#viewer")
    for key, seed in (("ArrowRight", "3"), ("ArrowRight", "1"), ("ArrowLeft", "3")):
        await page.keyboard.press(key)
        await expect(viewer.locator("div", has=page.get_by_text("Seed", exact=True)).locator("dd")).to_contain_text(
            [seed]
        )
    await expect(viewer.get_by_text(f"96 {TIMES} 64")).to_be_visible()


async def test_the_command_draws_the_same_image(visitor: Visitor) -> None:
    page = visitor.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await visitor.enter()
    await visitor.draw("it's 5 o'clock: \"$HOME\" \\ 바다", seed="11", num_inference_steps="20")
    await visitor.button("Command").click()
    await visitor.button("Copy", within="#command").click()
    await expect(page.locator("#command").get_by_text("Copied.")).to_be_visible()
    command = await page.evaluate("navigator.clipboard.readText()")
    token = visitor.studio.token(visitor.subject)
    assert token not in command
    first, repeated = [
        await asyncio.to_thread(
            subprocess.check_output, ["sh", "-c", f"{command} --silent --fail"], env={**os.environ, "TOKEN": token}
        )
        for _ in range(2)
    ]
    (again,), (same,) = json.loads(first), json.loads(repeated)
    assert again["id"] == same["id"]
    link = await page.locator(".pictures img").get_attribute("src")
    assert link
    assert again["seed"] == 11
    drawn, drawn_again = [await (await page.request.get(url)).body() for url in (link, again["image"])]
    assert drawn == drawn_again


async def test_an_expired_link_is_renewed(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter()
    await page.route(re.compile("/files/"), lambda route: route.fulfill(status=404), times=1)
    await visitor.draw()
    assert sum("/files/" in address for address in visitor.asked) >= 2


async def test_images_of_another_origin_are_shown(
    chromium: Browser, tmp_path: Path, studio: Studio, s3_server: S3Server
) -> None:
    settings = {**s3_server.settings(), "DARKROOM_JWT_SECRET": SECRET}
    with Darkroom(tmp_path, settings) as darkroom:
        elsewhere = Studio(tmp_path, darkroom.wait_until_ready(), studio.karlo)
        async with visiting(chromium, elsewhere, subject="ada", storage=s3_server.endpoint_url) as visitor:
            await visitor.enter()
            await visitor.draw()
            source = await visitor.page.locator(".pictures img").get_attribute("src")
            assert source
            assert source.startswith(s3_server.endpoint_url)
