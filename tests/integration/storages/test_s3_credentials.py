"""If no keys are set, credentials come from the metadata service of an instance or of a container."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from darkroom.adapters.storages.s3 import PresignedLinks, S3ImageStorage, open_s3_client
from darkroom.domain.model.errors import StorageFault
from servers.ports import LOOPBACK
from simulators.s3 import S3StandIn

SOURCES = ("instance", "container")
TOKENS = ("X-aws-ec2-metadata-token", "Authorization")


class Metadata:
    """Answers as both services do, or redirects every request."""

    def __init__(self) -> None:
        self.elsewhere: str | None = None
        self.requests: list[web.Request] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, LOOPBACK, 0).start()
            yield f"http://{LOOPBACK}:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        if self.elsewhere:
            return web.Response(status=307, headers={"Location": self.elsewhere + request.raw_path})
        if request.method == "PUT":
            return web.Response(text="a-token")
        if request.path.endswith("/security-credentials/"):
            return web.Response(text="a-role")
        expires = (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
        found = {
            "Code": "Success",
            "AccessKeyId": "theirs",
            "SecretAccessKey": "b",
            "Token": "c",
            "Expiration": expires,
        }
        return web.json_response(found)


@pytest.fixture
async def metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> AsyncIterator[Metadata]:
    metadata = Metadata()
    async with metadata.serving() as url:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "none"))
        if source == "instance":
            monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        else:
            monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
            monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/credentials")
            monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a-token")
        yield metadata


@asynccontextmanager
async def opened(server: S3StandIn) -> AsyncIterator[S3ImageStorage]:
    async with open_s3_client(region="eu-west-1", endpoint_url=server.url) as client:
        links = PresignedLinks(client, "darkroom", 60)
        yield S3ImageStorage(client, bucket="darkroom", prefix="images/", links=links)


@pytest.mark.parametrize("source", SOURCES)
async def test_they_are_fetched_with_a_token(metadata: Metadata) -> None:
    async with S3StandIn() as server, opened(server) as storage:
        assert (await storage.check()).startswith("keeps images")
        assert all("Credential=theirs/" in request.headers["Authorization"] for request in server.requests)
    assert any(metadata.requests[-1].headers.get(name) == "a-token" for name in TOKENS)


@pytest.mark.parametrize("source", SOURCES)
async def test_no_redirect_is_followed_with_that_token(metadata: Metadata) -> None:
    async with S3StandIn() as elsewhere, S3StandIn() as server:
        metadata.elsewhere = elsewhere.url
        with pytest.raises(StorageFault):
            async with opened(server) as storage:
                await storage.check()
        assert metadata.requests
        assert elsewhere.requests == []
