"""Earlier orders can be found, opened and used again."""

from __future__ import annotations

import pytest
from _pytest.mark import ParameterSet
from playwright.async_api import Route, expect

from integration.page.test_everybody import LOOKED_OVER, PHONE, tab_to
from integration.page.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")

TINY = {"version": "sketch", "prompt": "a calm sea", "width": 96, "height": 64}


async def look_over(visitor: Visitor) -> None:
    assert await visitor.page.evaluate(LOOKED_OVER) == []


@pytest.mark.parametrize("visitor", [{"permissions": ["clipboard-read", "clipboard-write"]}], indirect=True, ids=["-"])
async def test_an_order_opens_with_all_its_details(visitor: Visitor) -> None:
    page = visitor.page
    visitor.ask("POST", "/api/images", json=TINY | {"seed": [7, 8]})
    await visitor.enter()
    await page.get_by_role("button", name="Details: a calm sea").click()
    opened = page.get_by_role("dialog", name="Done")
    for fact in ("sketch", "7, 8", "96 \N{MULTIPLICATION SIGN} 64"):
        await expect(opened.get_by_text(fact, exact=True)).to_be_visible()
    await look_over(visitor)
    await visitor.button("Copy seed", within="#opened").nth(1).click()
    assert await page.evaluate("navigator.clipboard.readText()") == "8"
    await visitor.button("Copy link", within="#opened").first.click()
    await expect(opened.get_by_text("Copied. Links expire after a while.")).to_be_visible()
    link = await page.evaluate("navigator.clipboard.readText()")
    assert (await page.request.get(link)).headers["content-type"] == "image/png"
    async with page.expect_download() as downloading:
        await visitor.button("Download", within="#opened").first.click()
    assert (await downloading.value).suggested_filename == "a-calm-sea-7.png"
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Details: a calm sea")).to_be_focused()


@pytest.mark.parametrize(
    ("visitor", "by_default", "now"),
    [
        ({}, "default", "default (now 5)"),
        ({"color_scheme": "dark", "locale": "ko-KR", **PHONE}, "모델 기본값", "모델 기본값 (현재 5)"),
    ],
    indirect=["visitor"],
    ids=["desktop", "phone-dark-ko"],
)
async def test_a_parameter_that_was_not_sent_is_shown_with_the_present_default(
    visitor: Visitor, by_default: str, now: str
) -> None:
    page = visitor.page
    order = {"version": "v2.1", "prompt": "a stormy sea", "width": 512, "height": 512, "num_inference_steps": 30}
    visitor.ask("POST", "/api/images", json=order)

    async def values() -> list[str]:
        await page.locator('.frame [data-word="details"]').click()
        numbers = [f'#opened dt[data-word="{name}"] + dd' for name in ("num_inference_steps", "guidance_scale")]
        found = [await page.locator(each).inner_text() for each in numbers]
        await look_over(visitor)
        await page.keyboard.press("Escape")
        return found

    await visitor.enter()
    assert await values() == ["30", now]

    async def without_it(route: Route) -> None:
        answer = await route.fetch()
        offered = await answer.json()
        models = [model for model in offered["models"] if model["version"] != "v2.1"]
        await route.fulfill(response=answer, json=offered | {"models": models})

    await page.route("**/api/models", without_it)
    await page.goto("about:blank")
    await visitor.enter()
    assert await values() == ["30", by_default]


async def test_a_failed_order_opens_with_its_reason_and_can_be_drawn_again(visitor: Visitor) -> None:
    page = visitor.page
    visitor.studio.karlo.set_fault("error-9798", times=1)
    order = {"version": "v2.1", "prompt": "a stormy sea", "width": 512, "height": 512, "seed": [5]}
    visitor.ask("POST", "/api/images", json=order)
    await visitor.enter()
    await visitor.button("Refused").click()
    opened = page.get_by_role("dialog", name="Refused")
    await expect(opened.get_by_text("The provider is not available")).to_be_visible()
    await expect(opened.get_by_text("Nothing was charged.")).to_be_visible()
    await look_over(visitor)
    await visitor.button("Change", within="#opened").click()
    await expect(page.locator("#prompt")).to_have_value("a stormy sea")
    await expect(page.locator("#seed")).to_have_value("5")
    await visitor.button("Refused").click()
    await visitor.button("Draw again", within="#opened").click()
    await visitor.developed()
    await expect(page.locator(".pictures .seed")).to_have_text("Seed 5")


@pytest.mark.long
@pytest.mark.parametrize(
    "visitor",
    [{"color_scheme": "dark"}, {"color_scheme": "dark", "locale": "ko-KR", **PHONE}, {"locale": "ko-KR"}, PHONE],
    indirect=True,
    ids=["dark", "dark-ko-phone", "ko", "phone"],
)
async def test_an_opened_order_is_accessible(visitor: Visitor) -> None:
    page, keys = visitor.page, visitor.page.keyboard
    visitor.ask("POST", "/api/images", json=TINY | {"prompt": "a sea" + " without_end" * 12, "seed": [7, 8]})
    visitor.studio.karlo.set_fault("error-9798", times=1)
    visitor.ask("POST", "/api/images", json={"version": "v2.1", "prompt": "a stormy sea", "width": 512, "height": 512})
    await visitor.enter()
    opened = page.locator("#opened")
    failed = page.locator(".frame .none")
    await expect(failed).to_have_count(1)
    await tab_to(page, ".frame .none")
    await keys.press("Enter")
    await expect(opened.locator('[data-word="charged_no"]')).to_be_visible()
    await look_over(visitor)
    await keys.press("Escape")
    await expect(failed).to_be_focused()

    await tab_to(page, '.frame:last-child [data-word="details"]')
    await keys.press("Enter")
    await expect(opened.locator(".contents li")).to_have_count(2)
    for fact in ("version", "size", "seed", "num_inference_steps", "guidance_scale", "created", "finishedAt"):
        await expect(opened.locator(f'dt[data-word="{fact}"] + dd')).not_to_be_empty()
    await look_over(visitor)
    width, wide = await opened.evaluate("dialog => [dialog.getBoundingClientRect().width, innerWidth]")
    assert width <= wide
    # The keyboard reaches every control; even the last button is scrolled into view.
    await tab_to(page, '#opened > .actions [data-word="remove"]')
    await expect(opened.locator('> .actions [data-word="remove"]')).to_be_in_viewport()
    await tab_to(page, '#opened .contents li:last-child [data-word="removeOne"]')
    await keys.press("Enter")
    await expect(page.locator("#removal")).to_be_visible()
    await look_over(visitor)
    await tab_to(page, '#removal [data-word="removeOne"]')
    await keys.press("Enter")
    await expect(page.locator('.frame [data-word="partly"]')).to_be_visible()
    await expect(page.locator("dialog[open]")).to_have_count(0)


async def test_one_image_of_an_order_can_be_deleted(visitor: Visitor) -> None:
    page = visitor.page
    visitor.ask("POST", "/api/images", json=TINY | {"seed": [7, 8]})
    await visitor.enter()
    await page.locator(".frame .picture").first.click()
    await visitor.button("Delete", within="#viewer").click()
    await expect(visitor.button("Delete all 2", within="#removal")).to_be_visible()
    await look_over(visitor)
    await visitor.button("Delete this image", within="#removal").click()
    await expect(page.locator(".frame .picture")).to_have_count(1)
    await expect(page.locator(".frame").get_by_text("1 of 2 images")).to_be_visible()
    await expect(page.locator(".frame button").first).to_be_focused()
    kept = visitor.ask("GET", "/api/generations").json()["items"][0]
    assert ([image["seed"] for image in kept["images"]], kept["deleted"]) == ([8], [0])


async def test_orders_are_found_by_text_and_state(visitor: Visitor) -> None:
    page = visitor.page
    for prompt in ("a calm sea", "a red house"):
        visitor.ask("POST", "/api/images", json=TINY | {"prompt": prompt})
    await visitor.enter()
    await expect(page.locator(".frame")).to_have_count(2)
    await page.get_by_label("Words of the prompt").fill("HOUSE")
    await expect(page.locator(".frame .caption")).to_have_text(["a red house"])
    await look_over(visitor)
    await page.get_by_role("search").get_by_label("State").select_option("Refused")
    await expect(page.get_by_text("Nothing matches.")).to_be_visible()
    await page.get_by_label("Words of the prompt").fill("")
    await page.get_by_role("search").get_by_label("State").select_option("Any state")
    await expect(page.locator(".frame")).to_have_count(2)


async def test_an_image_that_does_not_load_is_reported_and_loaded_later(visitor: Visitor) -> None:
    page = visitor.page
    visitor.ask("POST", "/api/images", json=TINY)
    away = True

    async def lose(route: Route) -> None:
        await (route.abort() if away else route.continue_())

    await page.route("**/files/**", lose)
    await visitor.enter()
    await expect(page.locator(".frame").get_by_text("The picture has not loaded.")).to_be_visible()
    await look_over(visitor)
    away = False
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.locator(".frame img.there")).to_be_visible()
    await expect(page.locator(".late")).to_have_count(0)


def window(width: int, height: int, *, long: bool = True) -> ParameterSet:
    """A browser window of this size in pixels."""
    special = {"viewport": {"width": width, "height": height}}
    return pytest.param(special, id=f"{width}x{height}", marks=[pytest.mark.long] if long else [])


@pytest.mark.parametrize(
    "visitor",
    [
        window(1366, 650, long=False),
        *(window(320, 568), window(390, 844), window(768, 1024), window(844, 390), window(1920, 1080)),
    ],
    indirect=True,
)
async def test_a_new_image_is_in_view_on_a_long_page(visitor: Visitor) -> None:
    page = visitor.page
    for seed in range(4):  # with a contact sheet the page is longer than the window, and can be scrolled
        visitor.ask("POST", "/api/images", json=TINY | {"seed": [seed]})
    await visitor.enter()
    await visitor.write(seed="7")
    await visitor.button("Draw").click()
    await visitor.developed()
    top = await page.locator(".pictures img").evaluate("img => img.getBoundingClientRect().top")
    assert 0 <= top < await page.evaluate("innerHeight / 2")
