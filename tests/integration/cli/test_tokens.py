"""Who is let in, as operators set it: published keys, discovery, scopes, lifetimes, revocation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import httpx
import jwt
import pytest

from integration.cli.command_line import CommandLine
from integration.tokens.issuer import KEYS, jwk, token
from servers.darkroom import Darkroom
from servers.ports import free_port
from simulators.key_server import KeyServer

SECRET = {"DARKROOM_JWT_SECRET": "s" * 32}


async def asked(darkroom: Darkroom, bearer: str, method: str = "GET", path: str = "/api/models") -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{darkroom.port}", trust_env=False) as http:
        return await http.request(method, path, headers={"Authorization": f"Bearer {bearer}"})


@pytest.fixture
def published() -> KeyServer:
    return KeyServer([jwk(KEYS[0], "first")])


@pytest.mark.parametrize("found", ["by its address", "by discovery"])
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_key_is_published_and_another_follows_without_a_restart(
    shell: CommandLine, published: KeyServer, found: str, workers: str
) -> None:
    async with published:
        settings = {"DARKROOM_JWT_JWKS_URL": published.jwks_url, "DARKROOM_JWT_ISSUER": published.issuer}
        if found == "by discovery":
            settings = {"DARKROOM_JWT_DISCOVERY": "true", "DARKROOM_JWT_ISSUER": published.issuer}
        darkroom = await asyncio.to_thread(lambda: shell.serve(DARKROOM_WORKERS=workers, **settings))
        good = token(KEYS[0], "first", iss=published.issuer)
        assert (await asked(darkroom, good)).status_code == 200
        assert (await asked(darkroom, token(KEYS[0], "first"))).status_code == 401  # another issuer's

        published.keys = [jwk(KEYS[1], "second")]
        rotated = token(KEYS[1], "second", iss=published.issuer)
        assert {(await asked(darkroom, rotated)).status_code for _ in range(10)} == {200}
        assert published.asked.count("/keys") <= 2 * int(workers)  # each worker has its own


async def test_without_a_key_it_does_not_start_and_says_so_in_a_line(shell: CommandLine) -> None:
    url = f"http://127.0.0.1:{free_port()}/keys"
    for workers in ("1", "2"):
        ended = await asyncio.to_thread(
            lambda: shell.run("serve", DARKROOM_PORT="0", DARKROOM_WORKERS=workers, DARKROOM_JWT_JWKS_URL=url)  # noqa: B023
        )
        (line,) = [line for line in ended.stderr.splitlines() if line.startswith("darkroom: ")]
        assert line.startswith(f"darkroom: DARKROOM_JWT_JWKS_URL leads to no keys: {url}: no connection")
        assert (ended.status, ended.stdout) == (1, "")
        assert "Traceback" not in ended.stderr


async def test_check_tells_whether_tokens_can_be_verified(shell: CommandLine, published: KeyServer) -> None:
    async with published:
        good = await asyncio.to_thread(lambda: shell.run("check", DARKROOM_JWT_JWKS_URL=published.jwks_url))
        published.fault = "html"
        bad = await asyncio.to_thread(lambda: shell.run("check", DARKROOM_JWT_JWKS_URL=published.jwks_url))
    assert (good.status, bad.status) == (0, 1)
    assert "ok      tokens: signatures can be verified" in good.stdout
    assert "broken  tokens: DARKROOM_JWT_JWKS_URL leads to no keys: what came is no JSON Web Key Set" in bad.stdout


def test_tokens_are_not_made_here_where_keys_are_published(shell: CommandLine) -> None:
    ended = shell.run("token", DARKROOM_JWT_JWKS_URL="https://id.example/keys")
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr.startswith("darkroom: DARKROOM_JWT_JWKS_URL must be left out to make tokens here")


@pytest.mark.parametrize("claim", ["scope", "scp", "roles"])
async def test_tokens_of_our_own_may_do_what_scopes_allow(shell: CommandLine, claim: str) -> None:
    settings = SECRET | {"DARKROOM_JWT_SCOPE_CLAIM": claim}
    darkroom = shell.serve(**settings)
    own = shell.run("token", **settings).stdout.strip()
    without = shell.run("token", **SECRET).stdout.strip()
    assert (await asked(darkroom, own)).status_code == 200
    refused = await asked(darkroom, without)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")


async def test_no_token_is_made_that_would_be_refused_for_its_lifetime(shell: CommandLine) -> None:
    limited = {"DARKROOM_JWT_MAX_LIFETIME": "600"}
    darkroom = shell.serve(**limited)  # and the token that it prints lives no longer
    assert "curl " in darkroom.stdout
    short = shell.run("token", "--ttl", "10m", **limited).stdout.strip()
    long = shell.run("token", "--ttl", "11m").stdout.strip()
    assert (await asked(darkroom, short)).status_code == 200
    assert (await asked(darkroom, long)).status_code == 401
    ended = shell.run("token", "--ttl", "11m", **limited)
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr == "darkroom: DARKROOM_JWT_MAX_LIFETIME must be at least 660 for such a token\n"


@pytest.mark.parametrize("ledger", ["sqlite", "postgres"])
async def test_a_revoked_token_is_refused_by_all_workers_within_seconds(
    shell: CommandLine, request: pytest.FixtureRequest, ledger: str
) -> None:
    settings = SECRET | {"DARKROOM_WORKERS": "2"}
    if ledger == "postgres":
        settings |= {"DARKROOM_LEDGER_URL": request.getfixturevalue("database_url")}
    darkroom = shell.serve(**settings)
    revoked, other = (shell.run("token", **settings).stdout.strip() for _ in range(2))
    named = jwt.decode(shell.run("token", **settings).stdout.strip(), options={"verify_signature": False})
    claims = jwt.decode(revoked, options={"verify_signature": False})

    assert (await asked(darkroom, revoked)).status_code == 200
    ended = shell.run("revoke", revoked, **settings)
    assert ended.stdout.startswith(f"revoked {claims['jti']} until ")
    assert shell.run("revoke", "--jti", named["jti"], **settings).status == 0

    began = time.monotonic()
    while {(await asked(darkroom, revoked)).status_code for _ in range(10)} != {401}:
        assert time.monotonic() - began < 30
    refused = await asked(darkroom, revoked)
    assert refused.json()["detail"] == "the token is refused: it was revoked"
    assert (await asked(darkroom, other)).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("nonsense",), "it cannot be read"),
        ((jwt.encode({"jti": "a"}, "s" * 32),), "says no time at which it expires"),
        ((jwt.encode({"exp": 10**400}, "s" * 32),), "says no time at which it expires"),
        ((jwt.encode({"exp": 2_000_000_000}, "s" * 32),), "it has no jti"),
        ((jwt.encode({"exp": 2_000_000_000, "jti": ""}, "s" * 32),), "its jti is empty"),
        (("--jti", "a\nb"), "its jti is empty, or holds what cannot be printed"),
    ],
    ids=["nonsense", "no exp", "endless", "no jti", "empty jti", "unprintable jti"],
)
def test_what_cannot_be_revoked_is_told(shell: CommandLine, arguments: tuple[str, ...], why: str) -> None:
    ended = shell.run("revoke", *arguments)
    assert (ended.status, ended.stdout) == (1, "")
    assert ended.stderr.startswith("darkroom: the token cannot be revoked: ")
    assert why in ended.stderr


def test_nothing_is_called_revoked_where_no_service_would_read_it(shell: CommandLine) -> None:
    ended = shell.run("revoke", "--jti", "one")
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"darkroom: there is no ledger at {shell.folder}/.darkroom/ledger.sqlite: ")
    assert list(shell.folder.iterdir()) == []


@pytest.mark.parametrize("settings", [{}, {"DARKROOM_JWT_MAX_LIFETIME": "3600"}], ids=["unlimited", "limited"])
def test_a_name_is_remembered_for_as_long_as_its_token_can_live(
    shell: CommandLine, settings: Mapping[str, str]
) -> None:
    shell.run("check")  # which makes a ledger
    year = time.gmtime(time.time() + (3600 if settings else 3650 * 86_400)).tm_year
    assert f"revoked one until {year}-" in shell.run("revoke", "--jti", "one", **settings).stdout
