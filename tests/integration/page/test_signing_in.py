"""Users sign in on the page, at a real OpenID provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from integration.page.studio import Studio
from integration.page.visitor import Visitor, visiting
from servers.darkroom import Darkroom
from servers.openid_provider import AUDIENCE, OpenIdProvider
from servers.ports import LOOPBACK, free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass(frozen=True)
class Place:
    """A service, with its state in `folder`, whose page signs users in at the provider."""

    folder: Path
    provider: OpenIdProvider
    url: str

    @property
    def exchange(self) -> str:
        """The request by which the page obtains a token from the provider."""
        return f"POST {self.provider.issuer}/token"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, port = tmp_path_factory.mktemp("openid"), free_port()
    state = folder / "state"
    state.mkdir()
    with ExitStack() as running:
        provider = OpenIdProvider(folder / "provider", "ES256", page=f"http://{LOOPBACK}:{port}/")
        running.enter_context(provider).wait_until_ready()
        settings = {
            "DARKROOM_JWT_DISCOVERY": "true",
            "DARKROOM_JWT_ISSUER": provider.issuer,
            "DARKROOM_JWT_AUDIENCE": AUDIENCE,
            "DARKROOM_JWT_SCOPE_CLAIM": "scope",
            "DARKROOM_PAGE_CLIENT_ID": "page",
        }
        darkroom = running.enter_context(Darkroom(state, settings, port=port))
        yield Place(state, provider, darkroom.wait_until_ready())


@pytest_asyncio.fixture(loop_scope="session")
async def guest(
    chromium: Browser, place: Place, studio: Studio, request: pytest.FixtureRequest
) -> AsyncIterator[Visitor]:
    """A visitor of the page, whose browser may also call the provider."""
    here = Studio(place.folder, place.url, studio.karlo)
    async with visiting(chromium, here, subject=request.node.name, storage=place.provider.issuer) as visitor:
        await visitor.page.clock.install()
        await visitor.page.goto(f"{place.url}/#here")
        yield visitor


async def sign_in(page: Page) -> None:
    """Press the button, and do what the provider asks for."""
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.locator("input[name=login]").fill("ada")
    await page.locator("input[name=password]").fill("any will do")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.locator("#room")).to_be_visible()


async def test_a_user_signs_in_draws_and_goes_on_with_a_renewed_token(guest: Visitor, place: Place) -> None:
    page = guest.page
    await expect(page.get_by_text(f"your account at {urlsplit(place.provider.issuer).netloc}.")).to_be_visible()
    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_focused()
    await sign_in(page)
    assert page.url == f"{place.url}/#here"
    await guest.draw()
    kept = await page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie, history.state])")
    assert "eyJ" not in kept  # every JSON Web Token begins like this
    await page.clock.fast_forward("01:00:00")
    await guest.draw("a stormy sea")
    assert guest.asked.count(place.exchange) == 2
    await page.reload()
    await expect(page.locator("#prompt")).to_have_value("a stormy sea")
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.locator("input[name=password]")).to_be_visible()


@pytest.mark.long
async def test_a_token_that_cannot_be_renewed_is_fetched_by_a_redirect_to_the_provider(
    guest: Visitor, place: Place
) -> None:
    page = guest.page
    await sign_in(page)

    async def ended(route: Route) -> None:
        if "refresh_token" in (route.request.post_data or ""):
            await route.fulfill(status=400, json={"error": "invalid_grant"})
        else:
            await route.continue_()

    await page.route(f"{place.provider.issuer}/token", ended)
    await guest.write("a stormy sea")
    await page.clock.fast_forward("01:00:00")
    await guest.button("Draw").click()
    await guest.developed()
    await expect(page.locator("#prompt")).to_have_value("a stormy sea")
    assert guest.asked.count(place.exchange) == 3


@pytest.mark.long
async def test_an_ended_session_is_reported_and_the_form_is_kept(guest: Visitor, place: Place) -> None:
    page = guest.page
    await sign_in(page)
    await guest.write("a stormy sea")
    await page.context.clear_cookies()
    await page.reload()
    await expect(page.get_by_role("alert").filter(has_text="Your session has ended.")).to_be_visible()
    await sign_in(page)
    await expect(page.locator("#prompt")).to_have_value("a stormy sea")


@pytest.mark.long
async def test_an_outage_of_the_provider_does_not_lose_the_order(guest: Visitor, place: Place) -> None:
    page = guest.page
    await sign_in(page)
    await guest.write("a stormy sea")
    await page.clock.fast_forward("01:00:00")
    await page.route(f"{place.provider.issuer}/token", lambda route: route.abort(), times=1)
    await guest.button("Draw").click()
    await expect(page.locator(".progress .said")).to_contain_text("Your order is safe")
    await page.clock.run_for(2000)
    await guest.developed()


async def no_json(route: Route) -> None:
    await route.fulfill(body="down for maintenance", headers={"Access-Control-Allow-Origin": "*"})


async def refusal(route: Route) -> None:
    told = {"error": "invalid_client", "error_description": "client is unknown here"}
    await route.fulfill(status=400, json=told, headers={"Access-Control-Allow-Origin": "*"})


async def opaque(route: Route) -> None:
    await route.fulfill(json={"access_token": "abc", "expires_in": 60}, headers={"Access-Control-Allow-Origin": "*"})


async def foreign(route: Route) -> None:
    await route.fulfill(json={"access_token": "e30.e30.e30"}, headers={"Access-Control-Allow-Origin": "*"})


@pytest.mark.long
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (no_json, "cannot be reached"),
        (refusal, "client is unknown here"),
        (opaque, "not one that this service can read"),
        (foreign, "is not accepted"),
    ],
)
async def test_a_failure_of_the_provider_is_shown(guest: Visitor, place: Place, answer: object, told: str) -> None:
    page = guest.page
    await page.route(f"{place.provider.issuer}/token", answer)  # type: ignore[arg-type]  # one of the above
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.locator("input[name=login]").fill("ada")
    await page.locator("input[name=password]").fill("any will do")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("alert").filter(has_text=told)).to_be_visible()
    await page.unroute_all()
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.locator("#room")).to_be_visible()


@pytest.mark.long
async def test_a_user_who_cancels_signing_in_stays_signed_out(guest: Visitor, place: Place) -> None:
    page = guest.page
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_text("Cancel").click()
    await expect(page.get_by_role("alert").filter(has_text="You did not sign in")).to_be_visible()
    assert page.url.startswith(f"{place.url}/#")
    await page.goto(f"{place.url}/?code=guessed&state=guessed")
    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_focused()
    assert guest.asked.count(place.exchange) == 0


@pytest.mark.long
async def test_an_answer_to_another_attempt_is_refused(guest: Visitor, place: Place) -> None:
    page = guest.page
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.goto(f"{place.url}/?code=of-another&state=of-another")
    await expect(page.get_by_role("alert").filter(has_text="another attempt to sign in")).to_be_visible()
    assert guest.asked.count(place.exchange) == 0


@pytest.mark.long
async def test_a_token_of_the_provider_may_be_pasted_instead(guest: Visitor, place: Place) -> None:
    page = guest.page
    await page.get_by_text("Use an access token instead").click()
    await page.get_by_label("Access token").fill(place.provider.token("viewer", scope="images:read"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#room")).to_be_visible()
    await guest.write()
    await guest.button("Draw").click()
    await expect(page.get_by_role("alert").filter(has_text="does not allow this")).to_be_visible()
