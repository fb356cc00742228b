"""The keys of an issuer are found by the issuer's name (OpenID Connect Discovery 1.0)."""

from __future__ import annotations

import json

import pytest

from darkroom.entrypoints.container.keys import open_published_keys
from darkroom.entrypoints.http.contract.discovery import keys_of
from darkroom.entrypoints.http.errors import KeysUnavailable
from darkroom.entrypoints.settings import Settings
from integration.tokens.issuer import Clock
from simulators.key_server import KeyServer

WHERE = "/.well-known/openid-configuration"


def settings(issuer: str) -> Settings:
    return Settings.read({"DARKROOM_JWT_DISCOVERY": "true", "DARKROOM_JWT_ISSUER": issuer})


async def test_the_keys_are_where_the_issuer_says(server: KeyServer) -> None:
    async with open_published_keys(settings(server.issuer), Clock()) as keys:
        assert (await keys.key("first", "ES256")).algorithm == "ES256"
    assert server.asked == [WHERE, "/keys"]


async def test_an_issuer_may_end_in_a_slash(server: KeyServer) -> None:
    server.configuration = {"issuer": f"{server.issuer}/"}
    async with open_published_keys(settings(f"{server.issuer}/"), Clock()) as keys:
        assert keys.current().keys
    assert server.asked[0] == WHERE


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"issuer": "https://evil.example"}, "speaks for another issuer: 'https://evil.example'"),
        ({"issuer": ""}, "speaks for another issuer"),
        ({"issuer": None}, "is not an OpenID configuration"),
        ({"jwks_uri": None}, "is not an OpenID configuration"),
        ({"jwks_uri": 5}, "is not an OpenID configuration"),
        ({"jwks_uri": ""}, "is not a web address"),
        ({"jwks_uri": "/keys"}, "is not a web address"),
        ({"jwks_uri": "file:///etc/passwd"}, "is not a web address"),
        ({"jwks_uri": "http://8.8.8.8/keys"}, "leads to a public address over plain http"),
        ({"jwks_uri": "http://[::1"}, "is not an address"),
        ({"jwks_uri": "http://127.0.0.1:1/keys"}, "no connection"),
    ],
)
async def test_a_wrong_configuration_of_an_issuer_is_refused(
    server: KeyServer, said: dict[str, object], why: str
) -> None:
    server.configuration = said
    with pytest.raises(KeysUnavailable, match=f"^DARKROOM_JWT_DISCOVERY=true leads to no keys: [^\n]*{why}"):
        async with open_published_keys(settings(server.issuer), Clock()):
            pass


async def test_an_issuer_whose_name_differs_by_a_slash_is_another_issuer(server: KeyServer) -> None:
    with pytest.raises(KeysUnavailable, match="speaks for another issuer"):
        async with open_published_keys(settings(f"{server.issuer}/"), Clock()):
            pass


async def test_an_issuer_at_https_may_not_name_keys_at_plain_http() -> None:
    asked = []

    async def get(url: str) -> bytes:
        asked.append(url)
        return json.dumps({"issuer": "https://id.example", "jwks_uri": "http://127.0.0.1/keys"}).encode()

    with pytest.raises(KeysUnavailable, match="names keys that are not at an https address"):
        await keys_of("https://id.example", get)
    assert asked == [f"https://id.example{WHERE}"]
