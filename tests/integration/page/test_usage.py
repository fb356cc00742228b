"""Who spent what: a page only for callers that may see the usage of all callers."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Route, expect

from darkroom.entrypoints.http.auth.keys import OneKey
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier
from integration.http.house import RULES, now, open_house, token
from integration.http.house import SECRET as SECRET_OF_HOUSE
from integration.page.test_everybody import LOOKED_OVER, PHONE, tab_to
from integration.page.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCOPE = "usage:read"


def spend(visitor: Visitor) -> str:
    """Order two images for 0.02 USD each as another caller; return its name. Other tests order, too."""
    spender = f"the spender of {visitor.subject}"
    order = {"version": "v2.1", "prompt": "a calm sea", "width": 512, "height": 512, "seed": [1, 2]}
    headers = {"Authorization": f"Bearer {visitor.studio.token(spender)}"}
    answer = httpx.post(f"{visitor.studio.url}/api/images", json=order, headers=headers, timeout=30, trust_env=False)
    assert answer.status_code == 200
    return spender


def reported(visitor: Visitor, by: str) -> list[dict[str, object]]:
    headers = {"Authorization": f"Bearer {visitor.studio.token(visitor.subject, scope=SCOPE)}"}
    answer = httpx.get(f"{visitor.studio.url}/api/usage?by={by}", headers=headers, timeout=30, trust_env=False)
    items: list[dict[str, object]] = answer.json()["items"]
    return items


async def test_a_caller_with_the_scope_sees_who_spent_what(visitor: Visitor) -> None:
    page, spender = visitor.page, spend(visitor)
    await visitor.enter(scope=SCOPE)
    await page.get_by_role("link", name="Usage", exact=True).click()
    await expect(page.get_by_role("heading", name="Usage of all callers")).to_be_focused()
    await expect(page.locator("#room")).to_be_hidden()
    line = page.get_by_role("table", name="By caller").get_by_role("row", name=spender)
    await expect(line.get_by_role("cell")).to_have_text(["2", "2", "2", "0", "$0.04"])

    # The plot, and the table with the same numbers.
    (today,) = reported(visitor, "day")
    dollars = page.get_by_role("img", name="USD by day")
    await expect(dollars.locator("g")).to_have_count(30)
    assert (await dollars.locator("title").last.text_content() or "").endswith(f": ${today['cost'][0]['amount']}")  # type: ignore[index]  # JSON
    day = page.get_by_role("table", name="By day").get_by_role("row").nth(1)
    await expect(day.get_by_role("cell").first).to_have_text(f"{today['images']}")
    await expect(day.get_by_role("cell").last).to_have_text(f"${today['cost'][0]['amount']}")  # type: ignore[index]  # JSON
    models = page.get_by_role("table", name="By model").get_by_role("rowheader")
    shown = {await model.text_content() for model in await models.all()} - {"Total"}
    assert shown == {line["version"] for line in reported(visitor, "version")}
    assert await page.evaluate(LOOKED_OVER) == []

    async with page.expect_download() as downloading:
        await visitor.button("CSV to download: By caller").click()
    saved = await downloading.value
    assert saved.suggested_filename.startswith("usage-by-caller-since-")
    rows = [*csv.reader(Path(await saved.path()).read_text().splitlines())]  # noqa: ASYNC240  # of a few bytes
    assert rows[0] == ["caller", "images", "drawn", "stored", "unknown", "cost", "currency"]
    assert [spender, "2", "2", "2", "0", "0.04", "USD"] in rows

    await page.get_by_label("Period").select_option("Last 7 days")
    await expect(dollars.locator("g")).to_have_count(7)
    await visitor.button("한국어").click()
    await expect(page.get_by_role("img", name="날짜별 USD")).to_be_visible()
    await expect(page.get_by_role("table", name="호출자별").get_by_role("row", name=spender)).to_contain_text("US$0.04")
    await visitor.button("English").click()
    await page.get_by_role("link", name="Back to drawing").click()
    await expect(page.locator("#room")).to_be_visible()
    await expect(page.locator("#to-usage")).to_be_focused()
    await page.go_back()
    await expect(line).to_be_visible()


async def test_a_caller_without_the_scope_finds_no_way_to_it(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.enter(scope="images:read", images_per_day=5)
    await expect(page.get_by_text("0 of 5 images")).to_be_visible()
    await expect(page.locator("#to-usage")).to_be_hidden()
    await page.evaluate("location.hash = 'usage'")
    await expect(page.locator("#room")).to_be_visible()
    await expect(page.locator("#usage")).to_be_hidden()
    assert not any("by=" in address for address in visitor.asked)


@pytest.mark.long
async def test_a_caller_with_no_other_scope_sees_it_at_once(chromium: Browser) -> None:
    verifier = JwtTokenVerifier(OneKey(SECRET_OF_HOUSE, "HS256"), replace(RULES, scope_claims=("scope",)), clock=now)
    async with open_house(tokens=verifier) as house:
        await house.client.post(
            "/api/images",
            json={"version": "memory", "prompt": "a calm sea", "width": 64, "height": 64},
            headers={"Authorization": f"Bearer {token(scope='images:write images:read')}"},
        )
        page = await chromium.new_page(locale="en-GB")
        await page.goto(f"{house.client.base_url}#token={token(sub='payer', scope=SCOPE)}")
        await expect(page.get_by_role("table", name="By caller").get_by_role("row", name="ada")).to_be_visible()
        for way in ("#room", "#to-usage", "#from-usage"):
            await expect(page.locator(way)).to_be_hidden()
        await page.goto(f"{house.client.base_url}#token={token(sub='stranger', scope='openid')}")
        await expect(page.get_by_role("alert").filter(has_text="does not allow this")).to_be_visible()
        await page.close()


@pytest.mark.long
@pytest.mark.parametrize(
    "visitor",
    [{"color_scheme": "dark"}, {"color_scheme": "dark", "locale": "ko-KR", **PHONE}, {"locale": "ko-KR"}],
    indirect=True,
    ids=["dark", "phone", "ko"],
)
async def test_it_is_accessible(visitor: Visitor) -> None:
    page, keys = visitor.page, visitor.page.keyboard
    spender = spend(visitor)
    await visitor.enter(scope=SCOPE)
    await expect(page.locator("#to-usage")).to_be_visible()
    await tab_to(page, "#to-usage")
    await keys.press("Enter")
    await expect(page.locator("#usage-title")).to_be_focused()
    await expect(page.get_by_role("row", name=spender).get_by_role("cell").last).to_contain_text("$0.04")
    assert await page.evaluate(LOOKED_OVER) == []
    await tab_to(page, "#period")
    await tab_to(page, ".by-caller button")
    async with page.expect_download():
        await keys.press("Enter")


@pytest.mark.long
async def test_a_failed_read_is_shown_and_can_be_repeated(visitor: Visitor) -> None:
    page, spender = visitor.page, spend(visitor)
    await visitor.enter(scope=SCOPE)

    async def lose(route: Route) -> None:
        await route.abort()

    await page.route("**/api/usage?by=**", lose)
    await page.get_by_role("link", name="Usage", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    await page.unroute_all()
    await visitor.button("Try again").click()
    await expect(page.get_by_role("row", name=spender)).to_be_visible()
    await expect(page.get_by_text("cannot be reached")).to_be_hidden()


@pytest.mark.long
async def test_links_within_the_page_work_if_it_is_served_under_a_path(chromium: Browser) -> None:
    async with open_house(public_url="http://127.0.0.1/darkroom") as house:
        page = await chromium.new_page(locale="en-GB")
        base = f"{house.client.base_url}".rstrip("/")

        async def behind_a_proxy(route: Route) -> None:
            path = route.request.url.removeprefix(f"{base}/darkroom")
            await route.fulfill(response=await route.fetch(url=f"{base}/{path.lstrip('/')}"))

        await page.route("**/darkroom**", behind_a_proxy)
        await page.goto(f"{base}/darkroom#token={token(scope=SCOPE)}")
        await page.get_by_role("link", name="Usage", exact=True).click()
        await expect(page.get_by_text("Nothing was ordered in this time.")).to_be_visible()
        assert page.url == f"{base}/darkroom#usage"
        await page.unroute_all(behavior="wait")
        await page.close()
