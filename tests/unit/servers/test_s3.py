from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from servers.ports import free_port
from servers.s3 import Credentials, S3Server

Answer = dict[str, Any]


class Client(Protocol):
    """The methods of aiobotocore's client that these tests use; aiobotocore generates them at run time."""

    async def put_object(self, **request: object) -> Answer: ...
    async def get_object(self, **request: object) -> Answer: ...
    async def delete_object(self, **request: object) -> Answer: ...
    async def list_objects_v2(self, **request: object) -> Answer: ...
    async def create_bucket(self, **request: object) -> Answer: ...
    async def head_bucket(self, **request: object) -> Answer: ...
    async def generate_presigned_url(self, method: str, **request: object) -> str: ...


def connect(server: S3Server, credentials: Credentials) -> AbstractAsyncContextManager[Client]:
    client: AbstractAsyncContextManager[Client] = get_session().create_client(
        "s3",
        region_name=server.region,
        endpoint_url=server.endpoint_url,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        config=AioConfig(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )
    return client


def sockets(server: S3Server) -> list[Path]:
    return [*Path("/tmp").glob(f"seaweedfs-*-{server.port}.sock")]


@pytest.fixture
async def service(s3: S3Server) -> AsyncIterator[Client]:
    async with connect(s3, s3.service) as service:
        yield service


async def put(client: Client, server: S3Server, key: str, body: bytes = b"drawn", **more: object) -> None:
    await client.put_object(Bucket=server.bucket, Key=key, Body=body, **more)


async def refused_elsewhere(client: Client) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        await client.create_bucket(Bucket="elsewhere")
    with pytest.raises(ClientError, match=r"NoSuchBucket|AccessDenied"):
        await client.put_object(Bucket="elsewhere", Key="key", Body=b"")


async def test_keeps_an_object_with_its_metadata(s3: S3Server, service: Client) -> None:
    body = bytes(range(256)) * 1_000
    await put(service, s3, "images/1.webp", body, ContentType="image/webp", Metadata={"seed": "7"})

    kept = s3.get("images/1.webp")

    assert kept.body == body
    assert kept.content_type == kept.headers["content-type"] == "image/webp"
    assert kept.metadata == {"seed": "7"}


async def test_lists_and_deletes(s3: S3Server, service: Client) -> None:
    for key in ("b/2", "a/1", "a/2"):
        await put(service, s3, key)

    assert s3.keys() == ["a/1", "a/2", "b/2"]
    assert s3.keys("a/") == ["a/1", "a/2"]
    s3.delete("a/1", "never/there")
    assert s3.keys() == ["a/2", "b/2"]
    with pytest.raises(KeyError, match="a/1"):
        s3.get("a/1")


@pytest.mark.parametrize("once", [1, 2])
async def test_gives_each_test_an_empty_bucket(s3: S3Server, service: Client, once: int) -> None:
    assert s3.keys() == []
    await put(service, s3, "left/behind")


async def test_a_presigned_link_works_without_credentials_and_only_for_its_key(s3: S3Server, service: Client) -> None:
    for key in ("mine", "other"):
        await put(service, s3, key)
    link = await service.generate_presigned_url("get_object", Params={"Bucket": s3.bucket, "Key": "mine"})

    async with httpx.AsyncClient() as browser:
        assert (await browser.get(link)).content == b"drawn"
        assert (await browser.get(link.replace("/mine", "/other"))).status_code == 403


async def test_does_not_overwrite_with_if_none_match(s3: S3Server, service: Client) -> None:
    await put(service, s3, "key", b"first", IfNoneMatch="*")

    with pytest.raises(ClientError, match="PreconditionFailed"):
        await put(service, s3, "key", b"second", IfNoneMatch="*")

    assert s3.get("key").body == b"first"


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (lambda server: server.stranger, "InvalidAccessKeyId"),
        (lambda server: Credentials(server.service.access_key, "wrong"), "SignatureDoesNotMatch"),
        (lambda server: server.reader, "AccessDenied"),
    ],
    ids=["stranger", "wrong secret", "reader"],
)
async def test_refuses_credentials_that_may_not_write(
    s3: S3Server, who: Callable[[S3Server], Credentials], why: str
) -> None:
    async with connect(s3, who(s3)) as refused:
        with pytest.raises(ClientError, match=why):
            await put(refused, s3, "key")
    assert s3.keys() == []


async def test_the_reader_may_read_and_list(s3: S3Server, service: Client) -> None:
    await put(service, s3, "key")
    async with connect(s3, s3.reader) as reader:
        answer = await reader.get_object(Bucket=s3.bucket, Key="key")
        assert await answer["Body"].read() == b"drawn"
        assert (await reader.list_objects_v2(Bucket=s3.bucket))["KeyCount"] == 1


async def test_the_service_may_delete_and_has_rights_in_its_bucket_only(s3: S3Server, service: Client) -> None:
    await put(service, s3, "key")
    await service.delete_object(Bucket=s3.bucket, Key="key")
    await service.head_bucket(Bucket=s3.bucket)
    await refused_elsewhere(service)


async def test_the_environment_of_a_test_makes_no_account_an_administrator(
    s3: S3Server, service: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.settings().items():
        monkeypatch.setenv(name, value)
    s3.stop()
    s3.start()

    await refused_elsewhere(service)


async def test_restarts_with_its_data_on_the_same_port(s3: S3Server, service: Client) -> None:
    await put(service, s3, "key")
    s3.stop()
    assert not s3.running
    with pytest.raises(BotoCoreError):
        await put(service, s3, "while/down")

    s3.start()

    assert s3.get("key").body == b"drawn"
    await put(service, s3, "after")
    assert s3.keys() == ["after", "key"]


def test_takes_other_ports_if_the_first_are_in_use(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    ports = chain([free_port(), free_port(), free_port(), free_port(), s3.port], iter(free_port, None))
    monkeypatch.setattr("servers.s3.free_port", lambda: next(ports))

    with S3Server() as late:
        assert late.port != s3.port
        assert late.keys() == []
        assert sockets(late)
    assert not sockets(late)
    assert sockets(s3)
