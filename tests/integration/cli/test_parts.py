"""Karlo, S3 and Postgres in one service, configured by settings only."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlsplit

import httpx

from integration.cli.command_line import CommandLine
from servers.s3 import S3Server
from simulators.karlo import KarloSimulator


async def test_karlo_s3_and_postgres_work_together(
    shell: CommandLine, karlo: KarloSimulator, with_karlo: dict[str, str], s3: S3Server, database_url: str
) -> None:
    settings = {
        **with_karlo,
        **s3.settings(),
        "DARKROOM_KARLO_IMAGE_FORMAT": "png",
        "DARKROOM_KARLO_RETURN_TYPE": "base64_string",
        "DARKROOM_LEDGER_URL": database_url,
        "DARKROOM_S3_PREFIX": "kept/",
        "DARKROOM_LINK_TTL": "60",
        "DARKROOM_IMAGES_PER_DAY": "2",
    }
    darkroom = await asyncio.to_thread(shell.serve, **settings)
    url = f"http://127.0.0.1:{darkroom.port}"
    order = ("generate", "a fox", "--version", "v2.1", "--samples", "2", "--json", "--url", url)
    drawn = await asyncio.to_thread(shell.run, *order, **settings)
    assert drawn.status == 0, drawn.stderr
    for image in json.loads(drawn.stdout)["images"]:
        link = urlsplit(image["image"])
        assert link.path.startswith(f"/{s3.bucket}/kept/")
        assert "X-Amz-Expires=60" in link.query
        stored = await asyncio.to_thread(httpx.get, image["image"])
        assert stored.headers["content-type"] == "image/png"
        assert stored.content == (shell.folder / image["file"]).read_bytes()
    assert sum(not key.endswith(".preview.webp") for key in s3.keys("kept/")) == 2
    (call,) = karlo.calls
    assert (call.body["image_format"], call.body["return_type"]) == ("png", "base64_string")

    refused = await asyncio.to_thread(shell.run, *order, **settings)
    assert (refused.status, json.loads(refused.stdout)["type"]) == (1, "/problems/quota-exceeded")

    check = await asyncio.to_thread(shell.run, "check", **settings)
    assert check.status == 0, check.stdout
    assert database_url not in check.stdout
    orphans = await asyncio.to_thread(shell.run, "orphans", **settings)
    assert (orphans.status, orphans.stdout) == (0, "")


def test_images_in_a_public_bucket_are_linked_by_its_public_url(shell: CommandLine, s3: S3Server) -> None:
    settings = {**s3.settings(), "DARKROOM_S3_PUBLIC_BASE_URL": f"{s3.endpoint_url}/{s3.bucket}"}
    drawn = shell.run("generate", "a fox", "--local", "--json", **settings)
    (image,) = json.loads(drawn.stdout)["images"]
    assert image["image"] == f"{s3.endpoint_url}/{s3.bucket}/{s3.keys()[0]}"
    assert image["file"] is None  # this bucket is private, so the link cannot be opened
    assert drawn.status == 3


def test_links_use_the_public_endpoint_of_the_bucket(shell: CommandLine, s3: S3Server) -> None:
    elsewhere = s3.endpoint_url.replace("127.0.0.1", "localhost")
    settings = {**s3.settings(), "DARKROOM_S3_PUBLIC_ENDPOINT_URL": elsewhere}
    drawn = shell.run("generate", "a fox", "--local", "--json", **settings)
    (image,) = json.loads(drawn.stdout)["images"]
    assert image["image"].startswith(elsewhere)
    assert drawn.status == 0, drawn.stderr
