"""No secret appears in anything that the service answers, writes or runs; a prompt appears only to its own caller.

Every provider draws and fails in its own ways, callers make mistakes, and storage and ledger go away; then everything
is searched.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path
from pprint import pformat
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from darkroom.entrypoints.settings import GROUPS, Secret, Settings
from darkroom.entrypoints.settings.setting import declared_in
from integration.secrets.canaries import canary, in_processes, sightings
from integration.secrets.house import MODELS, House, open_house
from servers.postgres import PostgresServer
from servers.s3 import S3Server

FAULTS: Final = (
    *("reset-after-charge", "server-error-html-after-charge", "redirect-before-charge", "client-error-html"),
    *("too-many-requests", "answer-html", "answer-truncated", "answer-deep", "cut-short", "not-http-after-charge"),
    *("image-html", "image-with-a-tail", "image-enormous"),
    *("link-metadata-address", "link-userinfo", "link-tampered", "fetch-404", "fetch-redirect-elsewhere"),
)
# A whole PEM file, which no other part of the service reads, and what every signed link contains.
UNTRIED: Final = {"DARKROOM_C2PA_KEY", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"}


@pytest.fixture
async def house(tmp_path: Path, s3: S3Server, database_url: str) -> AsyncIterator[House]:
    async with open_house(tmp_path, s3, database_url) as opened:
        yield opened


def told(answer: httpx.Response) -> bytes:
    return repr(answer.headers.raw).encode() + answer.content


async def draw_and_fail(client: httpx.AsyncClient, house: House) -> list[httpx.Response]:
    """Place orders that succeed, that break rules, and that meet faults, with every generator."""
    answers = []
    for generator in MODELS:
        answers += [
            await house.order(client, generator),
            await house.order(client, generator, seed=[house.prompt], samples="x"),
            await house.order(client, generator, prompt=f"{house.prompt}\0"),
            await house.order(client, generator, prompt=house.prompt * 1500),
        ]
        menu = house.simulators[generator].faults.menu if generator in house.simulators else ()
        for fault in FAULTS:
            if fault in menu:
                answers.append(await house.order(client, generator, fault))
    answers.append(await house.order(client, "karlo", negative_prompt=house.negative_prompt))
    half = f'{{"prompt": "{house.prompt}", "negative_prompt": "{house.negative_prompt}", '.encode()
    for body in (half, half + b'"\xff": 1}', half * 1000, b"[" * 50_000 + half):
        headers = {"Content-Type": "application/json"}
        answers.append(await client.post("/api/images", content=body, headers=headers))
    client.headers["Idempotency-Key"] = "one"
    answers += [await house.order(client, "sketch", prompt=prompt) for prompt in house.prompts.values()]
    del client.headers["Idempotency-Key"]
    for path in ("/api/models", "/api/usage", "/docs/openapi.json", "/health/ready", f"/api/{house.prompt[:5]}"):
        answers.append(await client.get(path))
    return answers


async def lose_everything(
    client: httpx.AsyncClient, house: House, s3: S3Server, postgres: PostgresServer
) -> list[httpx.Response]:
    """Place orders while the storage is away, and then while the ledger is away too."""
    answers = []
    for server in (s3, postgres):
        await asyncio.to_thread(server.stop)
        answers.append(await house.order(client, "sketch"))
    answers.append(await client.get("/health/ready"))
    for server in (postgres, s3):
        await asyncio.to_thread(server.start)
    return answers


@pytest.mark.thorough
@pytest.mark.timeout(300)
@pytest.mark.parametrize("style", ["json", pytest.param("console", marks=pytest.mark.long)])
async def test_no_canary_appears_in_answers_processes_logs_metrics_spans_or_objects(
    house: House, s3: S3Server, postgres: PostgresServer, style: str
) -> None:
    token = (await asyncio.to_thread(house.shell.run, "token", **house.settings)).stdout.strip()
    darkroom = await asyncio.to_thread(house.shell.serve, **house.settings, DARKROOM_LOG_FORMAT=style)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{darkroom.port}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
        trust_env=False,
    ) as client:
        answers = await draw_and_fail(client, house)
        shown = (await client.get("/api/generations?limit=100")).content
        places = in_processes(darkroom.pid)
        scraped = await client.get(f"http://127.0.0.1:{house.settings['DARKROOM_METRICS_PORT']}/metrics")
        kept = {key: s3.get(key) for key in s3.keys("images/")}
        answers += await lose_everything(client, house, s3, postgres)
    darkroom.terminate()
    await asyncio.to_thread(darkroom.wait, 60)
    log = darkroom.stdout.encode() + darkroom.stderr.encode()

    assert {200, 400, 422, 502, 503} <= {answer.status_code for answer in answers}
    # The search works: it finds secrets and prompts where they belong.
    received = repr([call.headers for one in house.simulators.values() for call in one.calls]).encode()
    for generator, name in zip(house.simulators, house.secrets, strict=False):
        assert sightings({name: house.secrets[name]}, {generator: received})
    assert len(sightings(house.prompts, {"the caller's own generations": shown})) == len(house.prompts)
    assert len(kept) > len(MODELS)
    assert len(log.splitlines()) > len(answers)
    assert b"darkroom_" in scraped.content
    assert house.spans

    places |= {f"answer {number}": told(answer) for number, answer in enumerate(answers)} | {"the log": log}
    places |= {"the metrics": scraped.content, "the spans": b"".join(house.spans)}
    places |= {f"object {key}": repr((key, image.headers, image.metadata)).encode() for key, image in kept.items()}
    assert sightings(house.secrets | house.prompts | {"the access token": token}, places) == []
    assert sightings(signatures(answers), {"the log": log}) == []
    assert sightings(links_of_providers(house), {"the log": log}) == []


def signatures(answers: list[httpx.Response]) -> dict[str, str]:
    """The signatures of the links in the answers."""
    found = {text for answer in answers for text in re.findall(r"X-Amz-Signature=([0-9a-f]+)", answer.text)}
    assert found
    return {f"signature {number}": text for number, text in enumerate(found)}


def links_of_providers(house: House) -> dict[str, str]:
    """The secrets in the links of the providers."""
    fetched = [urlsplit(fetch.url).query for one in house.simulators.values() for fetch in one.fetches]
    found = {text for query in fetched for name, text in parse_qsl(query) if name in ("credential", "signature")}
    assert found
    return {f"link {number}": text for number, text in enumerate(found)}


@pytest.mark.thorough
async def test_no_command_prints_a_secret(house: House) -> None:
    spoilt = {name: f"{secret} and more" for name, secret in house.secrets.items()}
    spoilt["DARKROOM_LEDGER_URL"] = f"mysql://darkroom:{house.secrets['DARKROOM_LEDGER_URL']}@localhost/"
    places = {}
    for command in (["check"], ["check", "--json"], ["usage"], ["orphans"]):
        ended = await asyncio.to_thread(house.shell.run, *command, **house.settings)
        places[" ".join(command)] = (ended.stdout + ended.stderr).encode()
    bad = await asyncio.to_thread(house.shell.run, "serve", **house.settings | spoilt)
    places["a start with bad settings"] = (bad.stdout + bad.stderr).encode()

    assert bad.status == 2
    assert "DARKROOM_KARLO_API_KEY must be" in bad.stderr
    assert sightings(house.secrets, places) == []


async def test_settings_do_not_show_their_secrets(house: House) -> None:
    settings = Settings.read(house.settings)
    places = {"repr": repr(settings).encode(), "str": str(settings).encode(), "pformat": pformat(settings).encode()}
    assert str(settings.tokens.secret) == "(secret)"
    assert sightings(house.secrets, places) == []
    declared = {
        one.setting.name
        for group in GROUPS
        for one in declared_in(group)
        if Secret.__name__ in str(group.__annotations__[one.field])
    }
    assert declared - UNTRIED <= house.secrets.keys()


@pytest.mark.parametrize("before", range(6))
def test_a_canary_is_recognised_in_every_disguise(before: int) -> None:
    text = canary()
    encoded = bytes(before) + text.encode() + b" and more"
    for content in (encoded, encoded.hex().encode(), base64.b64encode(encoded)):
        assert sightings({"it": text}, {"there": content}) == ["it in there"]
    assert sightings({"it": canary()}, {"there": encoded}) == []
