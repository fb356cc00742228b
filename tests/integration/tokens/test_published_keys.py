"""Keys that an issuer publishes: only good tokens are accepted, even while the issuer fails."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx
import pytest

from darkroom.adapters.outbound_http.free_calls import FreeCalls
from darkroom.entrypoints.http.auth.published_keys import PublishedKeys
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier
from darkroom.entrypoints.http.errors import KeysUnavailable
from harness.waiting import until
from integration.http.house import RULES, House, now, open_house
from integration.tokens.issuer import KEYS, Clock, jwk, published, token
from simulators.key_server import MENU, KeyServer

GOOD, ROTATED = token(KEYS[0], "first"), token(KEYS[1], "second")


@contextmanager
def little_patience() -> Iterator[None]:
    """Shorten the timeout while no good answer is expected; on a busy machine, a good one may take long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FreeCalls, "TIMEOUT", 0.5)
        yield


@dataclass(frozen=True)
class Entrance:
    """The service, the keys that it knows, and the clock by which they age."""

    house: House
    keys: PublishedKeys
    clock: Clock

    async def status(self, bearer: str) -> int:
        return (await self.answer(bearer)).status_code

    async def answer(self, bearer: str) -> httpx.Response:
        return await self.house.client.get("/api/models", headers={"Authorization": f"Bearer {bearer}"})


@asynccontextmanager
async def entrance(server: KeyServer, **settings: str) -> AsyncIterator[Entrance]:
    clock = Clock()
    async with (
        published(server, clock, **settings) as keys,
        open_house(tokens=JwtTokenVerifier(keys, RULES, clock=now)) as house,
    ):
        yield Entrance(house, keys, clock)


async def test_tokens_that_are_signed_with_a_published_key_are_accepted(server: KeyServer) -> None:
    async with entrance(server) as door:
        assert await door.status(GOOD) == 200
        assert await door.status(token(KEYS[0], None)) == 200
        assert await door.status(token(KEYS[1], "first")) == 401
        assert await door.status(token(KEYS[1], None)) == 401
    assert server.asked == ["/keys"]


@pytest.mark.parametrize("fault", MENU)
async def test_the_service_does_not_start_without_a_key_and_one_line_says_why(server: KeyServer, fault: str) -> None:
    server.fault = fault
    with little_patience(), pytest.raises(KeysUnavailable, match=r"^DARKROOM_JWT_JWKS_URL leads to no keys: [^\n]+$"):
        async with published(server, Clock()):
            pass


async def test_the_service_does_not_start_if_the_issuer_cannot_be_reached(server: KeyServer) -> None:
    await server.stop()
    with pytest.raises(
        KeysUnavailable, match=r"^DARKROOM_JWT_JWKS_URL leads to no keys: http://127[^\n]+no connection"
    ):
        async with published(server, Clock()):
            pass


@pytest.mark.parametrize("fault", [*MENU, "down"])
async def test_good_tokens_stay_accepted_if_the_issuer_fails_later(server: KeyServer, fault: str) -> None:
    async with entrance(server, DARKROOM_JWT_KEYS_MAX_AGE="3600") as door:
        server.fault = None if fault == "down" else fault
        if fault == "down":
            await server.stop()
        door.clock.now += 3600
        with little_patience():
            await door.keys.keep_fresh()
            assert await door.status(GOOD) == 200
            unknown = await door.answer(ROTATED)  # it may be good; this cannot be determined
        assert unknown.status_code == 503
        assert unknown.json()["type"] == "/problems/keys-unavailable"
        assert unknown.headers["retry-after"] == "30"
        assert "www-authenticate" not in unknown.headers

        door.clock.now += 1
        assert await door.status(GOOD) == 503  # its key is too old to be trusted
        assert await door.status("no token at all") == 401
        assert (await door.house.client.get("/health/ready")).status_code == 200

        server.fault = None
        server.keys.append(jwk(KEYS[1], "second"))
        await server.start() if fault == "down" else None
        await door.keys.keep_fresh()
        assert [await door.status(GOOD), await door.status(ROTATED)] == [200, 200]


async def test_only_the_configured_document_is_fetched(server: KeyServer) -> None:
    async with entrance(server) as door:
        server.fault = "redirect"
        assert await door.status(ROTATED) == 503
    assert Counter(server.asked) == {"/keys": 2}


async def test_a_rotation_is_noticed_at_once_and_a_withdrawn_key_is_no_longer_accepted(server: KeyServer) -> None:
    async with entrance(server) as door:
        server.keys = [jwk(KEYS[1], "second")]
        assert await door.status(GOOD) == 200  # the withdrawal is not known yet
        assert await door.status(ROTATED) == 200
        assert await door.status(GOOD) == 401


async def test_a_rotation_under_the_same_key_id_is_noticed_in_the_background(server: KeyServer) -> None:
    async with entrance(server) as door:
        server.keys = [jwk(KEYS[1], "first")]
        door.clock.now += door.keys.REFRESH - 1
        await door.keys.keep_fresh()
        assert await door.status(token(KEYS[1], "first")) == 401
        door.clock.now += 1
        await door.keys.keep_fresh()
        assert await door.status(token(KEYS[1], "first")) == 200
    assert len(server.asked) == 2


async def test_keys_with_a_shorter_maximum_age_are_fetched_more_often(server: KeyServer) -> None:
    async with entrance(server, DARKROOM_JWT_KEYS_MAX_AGE="20") as door:
        assert door.keys.pause == 10
        for fetched in (2, 3, 4):
            door.clock.now += door.keys.pause
            await door.keys.keep_fresh()
            assert len(server.asked) == fetched
            assert await door.status(GOOD) == 200


async def test_a_flood_of_unknown_keys_asks_the_issuer_once_in_a_cooldown(server: KeyServer) -> None:
    async with entrance(server) as door:
        for asked in (2, 3):
            flood = [door.status(token(KEYS[1], f"unknown {number}")) for number in range(100)]
            assert set(await asyncio.gather(*flood)) == {401}
            door.clock.now += door.keys.COOLDOWN - 0.1
            assert await door.status(token(KEYS[1], "another")) == 401
            assert len(server.asked) == asked
            door.clock.now += 0.1


async def test_a_flood_while_the_issuer_is_down_does_not_ask_it_more_often(server: KeyServer) -> None:
    async with entrance(server) as door:
        server.fault = "error"
        flood = [door.status(token(KEYS[1], f"unknown {number}")) for number in range(100)]
        assert set(await asyncio.gather(*flood)) == {503}
        assert await door.status(GOOD) == 200
    assert len(server.asked) == 2


async def test_waiting_requests_share_one_fetch_which_a_cancelled_one_does_not_end(server: KeyServer) -> None:
    async with entrance(server) as door:
        server.keys.append(jwk(KEYS[1], "second"))
        server.go_on.clear()
        leaving = asyncio.create_task(door.keys.key("second", "ES256"))
        waiting = [asyncio.create_task(door.status(ROTATED)) for _ in range(20)]
        await until(lambda: len(server.asked) == 2)
        leaving.cancel()
        server.go_on.set()
        assert await asyncio.gather(*waiting) == [200] * 20
    assert len(server.asked) == 2


async def test_keys_that_are_skipped_are_logged_once(server: KeyServer, caplog: pytest.LogCaptureFixture) -> None:
    server.keys += [jwk(KEYS[1], "enc") | {"use": "enc"}, {"kty": "oct", "kid": "canary", "k": "Y2FuYXJ5"}]
    with caplog.at_level(logging.INFO, "darkroom.entrypoints"):
        async with entrance(server) as door:
            door.clock.now += 1000
            await door.keys.keep_fresh()
    assert [record.getMessage() for record in caplog.records if record.name.endswith("published_keys")] == [
        "ignored among the keys of access tokens: key 1 ('enc'): is not for signatures",
        "ignored among the keys of access tokens: key 2 ('canary'): is a secret, and now published",
        "access tokens are verified with 'first' (ES256)",
    ]


async def test_a_key_set_in_which_two_keys_share_an_id_does_not_replace_the_good_one(server: KeyServer) -> None:
    async with entrance(server) as door:
        server.keys.append(jwk(KEYS[1], "first"))
        door.clock.now += 300
        await door.keys.keep_fresh()
        assert [await door.status(GOOD), await door.status(token(KEYS[1], "first"))] == [200, 401]


async def test_the_operator_may_restrict_keys_to_one_algorithm(server: KeyServer) -> None:
    with pytest.raises(KeysUnavailable, match="is for ES256, not for RS256"):
        async with published(server, Clock(), DARKROOM_JWT_ALGORITHM="RS256"):
            pass
    async with entrance(server, DARKROOM_JWT_ALGORITHM="ES256") as door:
        assert await door.status(GOOD) == 200


@pytest.mark.parametrize("url", ["http://8.8.8.8/keys", "http://[2001:4860:4860::8888]/", "http://[::ffff:8.8.8.8]/"])
async def test_keys_are_fetched_in_plain_text_only_from_private_addresses(server: KeyServer, url: str) -> None:
    with pytest.raises(KeysUnavailable, match=r"leads to a public address over plain http: use https"):
        async with published(server, Clock(), DARKROOM_JWT_JWKS_URL=url):
            pass
