"""A real OpenID provider: its keys are found by discovery, and its tokens give access according to their scopes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from darkroom.entrypoints.container.keys import open_published_keys
from darkroom.entrypoints.container.tokens import token_rules
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier
from darkroom.entrypoints.settings import Settings
from integration.http.house import now, open_house
from integration.tokens.issuer import Clock
from servers.openid_provider import AUDIENCE, OpenIdProvider


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], OpenIdProvider]]:
    """Start a provider that signs with the given algorithm; it is installed once."""
    folder = tmp_path_factory.mktemp("openid") / "provider"

    def started(algorithm: str) -> OpenIdProvider:
        provider = running.enter_context(OpenIdProvider(folder, algorithm))
        provider.wait_until_ready()
        return provider

    with ExitStack() as running:
        yield started


@pytest.mark.parametrize("algorithm", [pytest.param("RS256", marks=pytest.mark.long), "Ed25519"])
async def test_its_tokens_give_access_according_to_their_scopes(
    start: Callable[[str], OpenIdProvider], algorithm: str
) -> None:
    provider = start(algorithm)
    read = Settings.read(
        {
            "DARKROOM_JWT_DISCOVERY": "true",
            "DARKROOM_JWT_ISSUER": provider.issuer,
            "DARKROOM_JWT_AUDIENCE": AUDIENCE,
            "DARKROOM_JWT_SCOPE_CLAIM": "scope",
        }
    )
    tokens = {
        provider.token("painter", scope="images:read images:write"): (200, 200),
        provider.token("painter", scope="images:write"): (403, 200),
        provider.token("viewer", scope="images:read"): (200, 403),
        provider.token("viewer", scope="images:read", audience="https://other.example.com"): (401, 401),
    }
    async with (
        open_published_keys(read, Clock()) as keys,
        open_house(tokens=JwtTokenVerifier(keys, token_rules(read), clock=now)) as house,
    ):
        for token, expected in tokens.items():
            headers = {"Authorization": f"Bearer {token}"}
            looked = await house.client.get("/api/models", headers=headers)
            assert (looked.status_code, (await house.order(headers)).status_code) == expected
