"""How operators control access: published keys, discovery, scopes, lifetimes and revocation."""

from __future__ import annotations

import asyncio
import json
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


@pytest.mark.parametrize(
    ("found", "workers"),
    [
        ("by its address", "1"),
        ("by discovery", "2"),
        pytest.param("by its address", "2", marks=pytest.mark.long),
        pytest.param("by discovery", "1", marks=pytest.mark.long),
    ],
)
async def test_a_newly_published_key_is_accepted_without_a_restart(
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
        assert published.asked.count("/keys") <= 2 * int(workers)  # each worker fetches them


async def test_the_start_fails_with_one_line_if_no_keys_can_be_fetched(shell: CommandLine) -> None:
    url = f"http://127.0.0.1:{free_port()}/keys"
    for workers in ("1", "2"):
        ended = await asyncio.to_thread(
            lambda: shell.run("serve", DARKROOM_PORT="0", DARKROOM_WORKERS=workers, DARKROOM_JWT_JWKS_URL=url)  # noqa: B023
        )
        (line,) = [line for line in ended.stderr.splitlines() if line.startswith("darkroom: ")]
        assert line.startswith(f"darkroom: DARKROOM_JWT_JWKS_URL leads to no keys: {url}: no connection")
        assert (ended.status, ended.stdout) == (1, "")
        assert "Traceback" not in ended.stderr


async def test_check_reports_whether_tokens_can_be_verified(shell: CommandLine, published: KeyServer) -> None:
    async with published:
        good = await asyncio.to_thread(lambda: shell.run("check", DARKROOM_JWT_JWKS_URL=published.jwks_url))
        published.fault = "html"
        bad = await asyncio.to_thread(lambda: shell.run("check", DARKROOM_JWT_JWKS_URL=published.jwks_url))
    assert (good.status, bad.status) == (0, 1)
    assert "ok      tokens: signatures can be verified" in good.stdout
    assert "broken  tokens: DARKROOM_JWT_JWKS_URL leads to no keys: what came is not a JSON Web Key Set" in bad.stdout


def test_no_tokens_are_made_if_an_issuer_publishes_the_keys(shell: CommandLine) -> None:
    ended = shell.run("token", DARKROOM_JWT_JWKS_URL="https://id.example/keys")
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr.startswith("darkroom: DARKROOM_JWT_JWKS_URL must be left out to make tokens here")


@pytest.mark.parametrize("claim", ["scope", pytest.param("scp", marks=pytest.mark.long), "roles"])
async def test_our_own_tokens_carry_the_required_scopes(shell: CommandLine, claim: str) -> None:
    settings = SECRET | {"DARKROOM_JWT_SCOPE_CLAIM": claim}
    darkroom = shell.serve(**settings)
    own = shell.run("token", **settings).stdout.strip()
    without = shell.run("token", **SECRET).stdout.strip()
    assert (await asked(darkroom, own)).status_code == 200
    refused = await asked(darkroom, without)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")


async def test_no_token_is_made_that_would_be_refused_for_its_lifetime(shell: CommandLine) -> None:
    limited = {"DARKROOM_JWT_MAX_LIFETIME": "600"}
    darkroom = shell.serve(**limited)  # the token that it prints has this lifetime at most
    assert "curl " in darkroom.stdout
    short = shell.run("token", "--ttl", "10m", **limited).stdout.strip()
    long = shell.run("token", "--ttl", "11m").stdout.strip()
    assert (await asked(darkroom, short)).status_code == 200
    assert (await asked(darkroom, long)).status_code == 401
    ended = shell.run("token", "--ttl", "11m", **limited)
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr == "darkroom: DARKROOM_JWT_MAX_LIFETIME must be at least 660 for such a token\n"


@pytest.mark.parametrize("ledger", ["sqlite", pytest.param("postgres", marks=pytest.mark.thorough)])
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
        await asyncio.sleep(0.2)
    refused = await asked(darkroom, revoked)
    assert refused.json()["detail"] == "the token is refused: it was revoked"
    assert (await asked(darkroom, other)).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("nonsense",), "it cannot be read"),
        ((jwt.encode({"jti": "a"}, "s" * 32),), "has no time at which it expires"),
        ((jwt.encode({"exp": 10**400}, "s" * 32),), "has no time at which it expires"),
        ((jwt.encode({"exp": 2_000_000_000}, "s" * 32),), "it has no jti"),
        ((jwt.encode({"exp": 2_000_000_000, "jti": ""}, "s" * 32),), "its jti is empty"),
        (("--jti", "a\nb"), "its jti is empty, or contains characters that cannot be printed"),
    ],
    ids=["nonsense", "no exp", "endless", "no jti", "empty jti", "unprintable jti"],
)
def test_a_token_that_cannot_be_revoked_is_reported(shell: CommandLine, arguments: tuple[str, ...], why: str) -> None:
    ended = shell.run("revoke", *arguments)
    assert (ended.status, ended.stdout) == (1, "")
    assert ended.stderr.startswith("darkroom: the token cannot be revoked: ")
    assert why in ended.stderr


def test_nothing_is_revoked_without_a_ledger(shell: CommandLine) -> None:
    ended = shell.run("revoke", "--jti", "one")
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"darkroom: there is no ledger at {shell.folder}/.darkroom/ledger.sqlite: ")
    assert list(shell.folder.iterdir()) == []


@pytest.mark.parametrize("settings", [{}, {"DARKROOM_JWT_MAX_LIFETIME": "3600"}], ids=["unlimited", "limited"])
def test_a_revoked_jti_is_kept_as_long_as_its_token_can_live(shell: CommandLine, settings: Mapping[str, str]) -> None:
    shell.serve().terminate()  # which makes a ledger
    year = time.gmtime(time.time() + (3600 if settings else 3650 * 86_400)).tm_year
    assert f"revoked one until {year}-" in shell.run("revoke", "--jti", "one", **settings).stdout


def test_each_token_command_names_the_secret_and_the_data_folder(shell: CommandLine) -> None:
    here = f"{shell.folder}/.darkroom"
    made = shell.run("token", "--name", "laptop")
    assert made.stderr.endswith(f"darkroom: tokens are signed with the development secret of the data folder {here}\n")
    elsewhere = shell.run("token", DARKROOM_DATA_DIR=str(shell.folder / "elsewhere"))
    assert f"of the data folder {shell.folder}/elsewhere\n" in elsewhere.stderr
    for command in (("tokens",), ("revoke", "--name", "laptop")):
        ended = shell.run(*command)
        assert (ended.status, ended.stderr.count(here)) == (0, 1)
    said = shell.run("tokens", **SECRET).stderr
    assert said == f"darkroom: tokens are signed with DARKROOM_JWT_SECRET; the data folder is {here}\n"


def test_named_tokens_are_listed_and_revoked_by_name_and_never_stored(shell: CommandLine) -> None:
    limits = ("--images-per-day", "3", "--spend-per-day", "0.02 USD", "--model", "sketch", "--model", "v2.1")
    scope = ("--scope", "images:read images:write")
    made = shell.run("token", "--subject", "ada", "--name", "laptop", *limits, *scope, "--ttl", "2h")
    nameless = shell.run("token")
    assert (made.status, nameless.status) == (0, 0)
    token = made.stdout.strip()
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims == claims | {
        "sub": "ada",
        "images_per_day": 3,
        "spend_per_day": "0.02 USD",
        "models": ["sketch", "v2.1"],
        "scope": "images:read images:write",
    }
    assert claims["exp"] - claims["iat"] == 7200

    (listed,) = json.loads(shell.run("tokens", "--json").stdout)
    assert listed == listed | {
        "name": "laptop",
        "jti": claims["jti"],
        "subject": "ada",
        "revoked": False,
        "images_per_day": 3,
        "spend_per_day": "0.02 USD",
        "models": ["sketch", "v2.1"],
        "scopes": ["images:read", "images:write"],
    }
    table = shell.run("tokens").stdout
    assert all(word in table for word in ("laptop", "ada", "0.02 USD", "sketch,v2.1", "images:read images:write"))
    kept = b"".join(file.read_bytes() for file in (shell.folder / ".darkroom").glob("ledger.sqlite*") if file.is_file())
    assert claims["jti"].encode() in kept
    assert token.rpartition(".")[2].encode() not in kept

    again = shell.run("token", "--name", "laptop")
    assert (again.status, again.stdout) == (1, "")
    assert "'laptop' names another token that has not expired" in again.stderr

    ended = shell.run("revoke", "--name", "laptop")
    assert ended.stdout.startswith(f"revoked {claims['jti']} until ")
    assert json.loads(shell.run("tokens", "--json").stdout) == []
    unknown = shell.run("revoke", "--name", "laptop")
    assert (unknown.status, unknown.stdout) == (1, "")
    assert "no token that was made here and has not expired is called 'laptop'" in unknown.stderr
    assert shell.run("token", "--name", "laptop").status == 0
    refused = shell.run("token", "--inspect", token)
    assert refused.status == 1
    assert f"its jti '{claims['jti']}' was revoked" in refused.stdout


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("--images-per-day", "-1"), "must be a whole number from 0"),
        (("--images-per-day", "1.5"), "must be a whole number from 0"),
        (("--spend-per-day", "5"), "must name its currency"),
        (("--spend-per-day", "x USD"), "must be an amount and a currency"),
        (("--scope", "images:admin"), "must be one or more of images:read, images:write, usage:read"),
        (("--scope", ""), "must be one or more of"),
        (("--model", ""), "must be 1 to 64 printable characters"),
        (("--name", " laptop"), "must be 1 to 64 printable characters"),
        (("--subject", "a\nb"), "must be 1 to 255 printable characters"),
    ],
)
def test_an_invalid_token_option_is_refused_with_its_rule(
    shell: CommandLine, arguments: tuple[str, ...], rule: str
) -> None:
    ended = shell.run("token", *arguments)
    assert (ended.status, ended.stdout) == (2, "")
    assert rule in ended.stderr


def test_inspect_explains_why_a_token_is_accepted_or_refused(shell: CommandLine) -> None:
    good = shell.run("token", "--subject", "ada", "--images-per-day", "3", "--ttl", "10m", **SECRET).stdout.strip()
    shell.run("check", **SECRET)  # which makes a ledger

    explained = shell.run("token", "--inspect", f"Bearer {good}", **SECRET)
    assert explained.status == 0
    assert "signature  holds\n" in explained.stdout
    assert "accepted   as 'ada', with the scopes images:read images:write, 3 images in 24 hours" in explained.stdout
    assert good not in explained.stdout + explained.stderr

    wrong = {"DARKROOM_JWT_ISSUER": "us", "DARKROOM_JWT_AUDIENCE": "studio", "DARKROOM_JWT_SUBJECTS": "grace"}
    explained = shell.run("token", "--inspect", good, **SECRET, **wrong)
    assert (explained.status, explained.stdout.count("\nrefused ")) == (1, 3)
    assert "refused    iss must be 'us', and is 'darkroom'" in explained.stdout
    assert "refused    aud must name 'studio'; found aud 'darkroom'" in explained.stdout
    assert "refused    sub must be one of DARKROOM_JWT_SUBJECTS, and is 'ada'" in explained.stdout

    explained = shell.run("token", "--inspect", good, DARKROOM_JWT_SECRET="t" * 32)
    assert (explained.status, "its signature is not valid" in explained.stdout) == (1, True)
    explained = shell.run("token", "--inspect", "nonsense", **SECRET)
    assert (explained.status, "it is not a signed JSON Web Token" in explained.stdout) == (1, True)


def test_inspecting_a_token_creates_neither_a_secret_nor_a_ledger(shell: CommandLine) -> None:
    ended = shell.run("token", "--inspect", "nonsense")
    assert ended.status == 2
    assert "there is no development secret at" in ended.stderr
    token = shell.run("token", **SECRET).stdout.strip()
    assert "revoked?   not known: there is no ledger at" in shell.run("token", "--inspect", token, **SECRET).stdout
    assert not (shell.folder / ".darkroom" / "ledger.sqlite").exists()


def test_scopes_that_the_service_does_not_require_are_warned_about(shell: CommandLine) -> None:
    warning = "every token may read and order here: with DARKROOM_JWT_SCOPE_CLAIM=scope the service requires scopes"
    assert warning in shell.run("token", "--scope", "images:read", **SECRET).stderr
    assert warning not in shell.run("token", "--scope", "images:read images:write usage:read", **SECRET).stderr
    prefixed = SECRET | {"DARKROOM_JWT_SCOPE_CLAIM": "scp,roles", "DARKROOM_JWT_SCOPE_PREFIX": "darkroom/"}
    ended = shell.run("token", "--scope", "images:read", **prefixed)
    assert warning not in ended.stderr
    assert jwt.decode(ended.stdout.strip(), options={"verify_signature": False})["scp"] == "darkroom/images:read"
    assert "with the scopes images:read" in shell.run("token", "--inspect", ended.stdout.strip(), **prefixed).stdout


def test_tokens_are_made_only_for_allowed_callers(shell: CommandLine) -> None:
    some = SECRET | {"DARKROOM_JWT_SUBJECTS": "ada,grace"}
    token = shell.run("token", **some).stdout.strip()
    assert jwt.decode(token, options={"verify_signature": False})["sub"] == "ada"
    ended = shell.run("token", "--subject", "babbage", **some)
    assert (ended.status, ended.stderr) == (2, "darkroom: DARKROOM_JWT_SUBJECTS must name 'babbage' for such a token\n")
