"""What `check` reports if the operator has configured something wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from darkroom.adapters.conformance import new_key
from darkroom.adapters.storages.s3 import PresignedLinks, S3ImageStorage, open_s3_client
from darkroom.domain.model.errors import StorageFault, StorageRefused
from servers.ports import LOOPBACK, free_port
from servers.s3 import Credentials, S3Server
from simulators.s3 import S3StandIn

OpenStorage = Callable[..., AbstractAsyncContextManager[S3ImageStorage]]


async def test_a_bucket_that_can_be_used_is_reported(s3: S3Server, open_storage: OpenStorage) -> None:
    async with open_storage(s3.endpoint_url, s3.service) as storage:
        assert await storage.check() == f"keeps images in the bucket darkroom at {s3.endpoint_url}"
    assert s3.keys() == []


async def test_a_missing_bucket_is_reported(s3: S3Server, open_storage: OpenStorage) -> None:
    async with open_storage(s3.endpoint_url, s3.admin, bucket="nonesuch") as storage:
        with pytest.raises(StorageFault, match=f"^the bucket nonesuch at {s3.endpoint_url} does not exist$"):
            await storage.check()


async def test_denied_access_is_reported(s3: S3Server, open_storage: OpenStorage) -> None:
    async with open_storage(s3.endpoint_url, s3.reader) as storage:
        with pytest.raises(
            StorageFault, match=r"^access is denied: PutObject in the bucket darkroom at .* not allowed"
        ):
            await storage.check()


@pytest.mark.parametrize("which", ["access key", "secret key"])
async def test_wrong_credentials_are_reported_without_showing_them(
    s3: S3Server, open_storage: OpenStorage, which: str
) -> None:
    wrong = s3.stranger if which == "access key" else Credentials(s3.service.access_key, "not the secret")
    async with open_storage(s3.endpoint_url, wrong) as storage:
        with pytest.raises(StorageFault, match=r"^the credentials are refused at ") as raised:
            await storage.check()
    for secret in (wrong.access_key, wrong.secret_key):
        assert secret not in str(raised.value)


async def test_missing_credentials_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    async with open_s3_client(region="eu-west-1", endpoint_url=f"http://{LOOPBACK}:{free_port()}") as client:
        links = PresignedLinks(client, "darkroom", 60)
        storage = S3ImageStorage(client, bucket="darkroom", prefix="images/", links=links)
        for doing in (storage.check(), storage.link(new_key())):
            with pytest.raises(StorageFault, match=r"^there are no credentials for the bucket darkroom"):
                await doing


@pytest.mark.parametrize(
    ("status", "code", "lasts"),
    [
        (400, "InvalidToken", True),
        (401, "Unauthorized", True),
        (403, "AccessDenied", True),
        (403, "InvalidAccessKeyId", True),
        (403, "SignatureDoesNotMatch", True),
        (403, "RequestTimeTooSkewed", True),
        (404, "NoSuchBucket", True),
        (405, "MethodNotAllowed", True),
        (501, "NotImplemented", True),
        (400, "InvalidDigest", True),
        (400, "EntityTooLarge", True),
        (307, "TemporaryRedirect", False),
        (400, "RequestTimeout", False),
        (400, "IncompleteBody", False),
        (400, "BadDigest", False),
        (400, "SlowDown", False),
        (403, "SlowDown", False),
        (499, "ClientDisconnected", False),
        (408, "RequestTimeout", False),
        (429, "TooManyRequests", False),
        (500, "InternalError", False),
        (503, "SlowDown", False),
    ],
)
async def test_lasting_refusals_are_distinguished_from_passing_faults(
    open_storage: OpenStorage, status: int, code: str, *, lasts: bool
) -> None:
    async with (
        S3StandIn(error=(status, code)) as server,
        open_storage(server.url, Credentials(), deadline=2) as storage,
    ):
        with pytest.raises(StorageFault) as raised:
            await storage.check()
        assert isinstance(raised.value, StorageRefused) == lasts


async def test_a_server_that_cannot_be_reached_is_reported(open_storage: OpenStorage) -> None:
    url = f"http://{LOOPBACK}:{free_port()}"
    async with open_storage(url, Credentials()) as storage:
        with pytest.raises(StorageFault, match=f"^{url} cannot be reached") as raised:
            await storage.check()
        assert not isinstance(raised.value, StorageRefused)


async def test_an_invalid_bucket_name_is_reported(open_storage: OpenStorage) -> None:
    async with open_storage(f"http://{LOOPBACK}:{free_port()}", Credentials(), bucket="dark room") as storage:
        with pytest.raises(StorageFault, match=r"^the bucket dark room at .* cannot be used"):
            await storage.check()


@pytest.mark.parametrize(
    ("region", "endpoint_url"), [("no region", None), ("eu-west-1", "no address")], ids=["region", "endpoint"]
)
async def test_an_invalid_region_or_endpoint_is_reported(region: str, endpoint_url: str | None) -> None:
    with pytest.raises(StorageFault, match=r"^no S3 client can be made: "):
        async with open_s3_client(region=region, endpoint_url=endpoint_url):
            pass
