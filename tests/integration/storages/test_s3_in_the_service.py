"""Servers that lack features of S3, refuse, or redirect their clients, behind the whole service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from integration.cli.command_line import CommandLine
from servers.darkroom import Darkroom
from simulators.s3 import S3StandIn

ORDER = {"version": "sketch", "prompt": "a harbour", "width": 64, "height": 64}


def settings(server: S3StandIn | str, **more: str) -> dict[str, str]:
    return {
        "DARKROOM_STORAGE": "s3",
        "DARKROOM_S3_BUCKET": "darkroom",
        "DARKROOM_S3_ENDPOINT_URL": server if isinstance(server, str) else server.url,
        "DARKROOM_LOG_FORMAT": "json",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        **more,
    }


async def serve(shell: CommandLine, environment: Mapping[str, str]) -> Darkroom:
    return await asyncio.to_thread(lambda: shell.serve(**environment))


async def ordered(shell: CommandLine, darkroom: Darkroom, key: str = "one") -> httpx.Response:
    token = (await asyncio.to_thread(shell.run, "token")).stdout.strip()
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        return await http.post(f"http://127.0.0.1:{darkroom.port}/api/images", json=ORDER, headers=headers)


def warnings(darkroom: Darkroom) -> list[str]:
    lines: list[dict[str, Any]] = [json.loads(line) for line in darkroom.stderr.splitlines() if line.startswith("{")]
    return [line["message"] for line in lines if line["level"] != "info"]


async def ready(darkroom: Darkroom) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        return await http.get(f"http://127.0.0.1:{darkroom.port}/health/ready")


def images(server: S3StandIn) -> list[str]:
    """The keys of the images on the server, without previews."""
    return [key for key in server.objects if ".preview." not in key]


def waiting(shell: CommandLine) -> list[Path]:
    return [file for file in Path(shell.folder, ".darkroom", "spool").glob("*") if file.is_file()]


async def test_backblaze_b2_keeps_images_and_its_missing_features_are_logged_once(shell: CommandLine) -> None:
    async with S3StandIn(conditions="501", checksums="400") as server:
        darkroom = await serve(shell, settings(server))
        for key in ("one", "two"):
            answer = await ordered(shell, darkroom, key)
            assert answer.status_code == 200, answer.text
        assert len(images(server)) == 2
        (warning,) = (line for line in warnings(darkroom) if "secret" not in line)
        assert "does not know If-None-Match and x-amz-checksum-sha256" in warning


async def test_the_features_of_a_server_that_is_away_at_the_start_are_detected_later(shell: CommandLine) -> None:
    async with S3StandIn() as first:
        port = first.port
    darkroom = await serve(shell, settings(f"http://127.0.0.1:{port}"))
    assert any("the storage cannot be used" in line for line in warnings(darkroom))
    async with S3StandIn(conditions="501", checksums="400", port=port) as server:
        answer = await ordered(shell, darkroom)
        assert answer.status_code == 200, answer.text
        assert len(images(server)) == 1


async def test_a_storage_that_refuses_ends_the_start_with_one_line(shell: CommandLine) -> None:
    async with S3StandIn(error=(403, "InvalidAccessKeyId")) as server:
        environment = settings(server, DARKROOM_PORT="0", DARKROOM_LOG_FORMAT="console")
        ended = await asyncio.to_thread(lambda: shell.run("serve", **environment))
    assert ended.status == 2, ended.stderr
    line = f"DARKROOM_STORAGE=s3 refuses images: the credentials are refused at {server.url}: InvalidAccessKeyId"
    assert ended.stderr.splitlines()[-1] == f"darkroom: {line}"
    assert "Traceback" not in ended.stderr


async def test_no_order_is_charged_while_the_storage_refuses_and_paid_images_wait(shell: CommandLine) -> None:
    async with S3StandIn() as server:
        darkroom = await serve(shell, settings(server, DARKROOM_STORE_TIMEOUT="2"))
        assert (await ordered(shell, darkroom, "before")).status_code == 200
        server.error = (403, "AccessDenied")
        paid = await ordered(shell, darkroom, "paid")
        assert (paid.status_code, paid.json()["charged"]) == (503, "yes")
        refused = await ordered(shell, darkroom, "refused")
        assert refused.status_code == 503, refused.text
        assert refused.json()["type"] == "/problems/overloaded"
        assert refused.json()["charged"] == "no"
        assert int(refused.headers["Retry-After"]) > 0
        assert (await ready(darkroom)).status_code == 503
        assert (await ordered(shell, darkroom, "before")).status_code == 200, "a stored order is still answered"
        assert len(waiting(shell)) > 0
        assert any("no order is taken until" in line for line in warnings(darkroom))

        server.error = None
        for key in ("refused", "paid"):
            async with asyncio.timeout(60):
                while (await ordered(shell, darkroom, key)).status_code != 200:  # noqa: ASYNC110  # it sets no event
                    await asyncio.sleep(0.2)
        assert len(images(server)) == 3
        assert (await ready(darkroom)).status_code == 200


async def test_no_order_is_charged_if_the_storage_was_away_at_the_start_and_then_refuses(shell: CommandLine) -> None:
    async with S3StandIn() as first:
        port = first.port
    darkroom = await serve(shell, settings(f"http://127.0.0.1:{port}"))
    async with S3StandIn(port=port) as server:
        server.error = (403, "InvalidAccessKeyId")
        refused = await ordered(shell, darkroom)
        assert (refused.status_code, refused.json()["charged"]) == (503, "no")
        assert not waiting(shell)
        assert not images(server)


async def test_an_upload_that_is_redirected_is_not_stored_and_waits(shell: CommandLine) -> None:
    async with S3StandIn() as elsewhere, S3StandIn() as server:
        darkroom = await serve(shell, settings(server, DARKROOM_STORE_TIMEOUT="2"))
        server.elsewhere = elsewhere.url
        refused = await ordered(shell, darkroom)
        assert refused.status_code == 503
        assert refused.json()["type"] == "/problems/storage-unavailable"
        assert elsewhere.requests == []
        assert waiting(shell), "it is not in the spool"

        server.elsewhere = None
        async with asyncio.timeout(60):
            while not server.objects:  # noqa: ASYNC110  # until the service has tried again
                await asyncio.sleep(0.05)
        repeated = await ordered(shell, darkroom)
        assert repeated.status_code == 200


async def test_keys_are_stripped_of_line_ends_and_may_come_from_files(shell: CommandLine) -> None:
    (shell.folder / "secret").write_text("the-secret\n")
    keys = {"AWS_ACCESS_KEY_ID": "the-key\n", "AWS_SECRET_ACCESS_KEY": "", "AWS_SECRET_ACCESS_KEY_FILE": "secret"}
    async with S3StandIn() as server:
        checked = await asyncio.to_thread(lambda: shell.run("check", **settings(server, **keys)))
        assert checked.status == 0, checked.stdout
        assert "AWS_ACCESS_KEY_ID has white space or a line end around it" in checked.stderr
        assert "AWS_SECRET_ACCESS_KEY has" not in checked.stderr
        assert all("Credential=the-key/" in request.headers["Authorization"] for request in server.requests)
        assert server.requests
        assert "the-secret" not in checked.stdout + checked.stderr


async def test_several_workers_read_secrets_from_files(shell: CommandLine) -> None:
    (shell.folder / "secret").write_text("s" * 64)
    async with S3StandIn() as server:
        more = {"DARKROOM_JWT_SECRET_FILE": "secret", "DARKROOM_WORKERS": "2"}
        darkroom = await serve(shell, settings(server, **more))
        token = (await asyncio.to_thread(lambda: shell.run("token", **more))).stdout.strip()
        async with httpx.AsyncClient(trust_env=False) as http:
            url = f"http://127.0.0.1:{darkroom.port}/api/models"
            answer = await http.get(url, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
