"""Scripted answers of Amazon S3, and of servers that are not S3, which the servers of the other tests do not give."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from darkroom.adapters.conformance import all_keys, new_key, placed, put, some_image
from darkroom.adapters.storages.s3 import S3ImageStorage
from darkroom.adapters.watching.trace_context import within
from darkroom.domain.model.errors import StorageFault, StorageRefused
from servers.ports import LOOPBACK, free_port
from servers.s3 import Credentials

OpenStorage = Callable[..., AbstractAsyncContextManager[S3ImageStorage]]

KEPT = (200, 'ETag: "0"\r\n', "")
REMOVED = (204, "", "")


def error(status: int, code: str, more: str = "", headers: str = "") -> tuple[int, str, str]:
    """An error document, as S3 writes one."""
    document = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>It failed.</Message>{more}</Error>'
    return status, f"Content-Type: application/xml\r\n{headers}", document


class Script:
    """A server that gives its answers one after the other, and then repeats the last one."""

    def __init__(self, *answers: tuple[int, str, str]) -> None:
        self._answers = list(answers)
        self.heads: list[str] = []

    @property
    def methods(self) -> list[str]:
        return [head.partition(" ")[0] for head in self.heads]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if "expect: 100-continue" in head:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "content-length: " in head:
            await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r")[0]))
        self.heads.append(head)
        status, headers, body = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        length = "" if status == 204 else f"Content-Length: {len(body)}\r\n"
        writer.write(f"HTTP/1.1 {status} -\r\n{headers}{length}Connection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
def answering(open_storage: OpenStorage) -> Callable[[Script], AbstractAsyncContextManager[S3ImageStorage]]:
    @asynccontextmanager
    async def answering(script: Script) -> AsyncIterator[S3ImageStorage]:
        port = free_port()
        async with (
            await asyncio.start_server(script.serve, LOOPBACK, port),
            open_storage(f"http://{LOOPBACK}:{port}", Credentials(), conditions="true", checksums="true") as storage,
        ):
            yield storage

    return answering


Answering = Callable[[Script], AbstractAsyncContextManager[S3ImageStorage]]


async def test_a_trace_context_is_sent_and_not_signed(answering: Answering) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    script = Script(KEPT, REMOVED)
    async with answering(script) as storage:
        with within(traceparent):
            await put(storage, new_key(), some_image())
            await storage.delete(new_key())
        await storage.delete(new_key())
    upload, deletion, untraced = script.heads
    assert f"traceparent: {traceparent}\r\n" in upload
    assert f"traceparent: {traceparent}\r\n" in deletion
    assert "traceparent" not in untraced
    for head in (upload, deletion):
        assert "traceparent" not in head.partition("signedheaders=")[2].partition(",")[0]


@pytest.mark.parametrize(
    "answer",
    [
        error(301, "PermanentRedirect", headers="x-amz-bucket-region: eu-west-1\r\n"),
        error(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"),
        error(400, "IllegalLocationConstraintException", headers="x-amz-bucket-region: eu-west-1\r\n"),
    ],
    ids=["redirect", "signature", "opt-in region"],
)
async def test_a_bucket_in_another_region_is_followed_once(answering: Answering, answer: tuple[int, str, str]) -> None:
    script = Script(answer)
    async with answering(script) as storage:
        with pytest.raises(StorageFault, match=r"is in the region eu-west-1, not in ap-northeast-2$"):
            await put(storage, new_key(), some_image())

    assert script.methods == ["put", "put"]
    assert [head.partition("credential=")[2].split("/")[2] for head in script.heads] == ["ap-northeast-2", "eu-west-1"]


async def test_a_redirect_that_names_no_region_is_reported(answering: Answering) -> None:
    async with answering(Script(error(301, "PermanentRedirect"))) as storage:
        with pytest.raises(StorageFault, match=r"is in a region other than ap-northeast-2$"):
            await storage.check()


async def test_another_refusal_is_reported_as_it_came(answering: Answering) -> None:
    async with answering(Script(error(400, "QuotaFull"))) as storage:
        with pytest.raises(StorageFault, match=r"^PutObject in the bucket .* failed with 400 QuotaFull: It failed\.$"):
            await put(storage, new_key(), some_image())


async def test_an_upload_is_sent_again_while_another_one_with_its_key_is_in_progress(answering: Answering) -> None:
    script = Script(error(409, "ConditionalRequestConflict"), error(409, "ConditionalRequestConflict"), KEPT)
    async with answering(script) as storage:
        await put(storage, new_key(), some_image())

    assert script.methods == ["put"] * 3


@pytest.mark.parametrize(
    "answer",
    [
        error(503, "SlowDown"),
        error(400, "RequestTimeout"),
        error(400, "IncompleteBody"),
        error(400, "XAmzContentSHA256Mismatch"),
        error(200, "InternalError"),
        (502, "Content-Type: text/html\r\n", "<html><body>Bad gateway</body></html>"),
    ],
    ids=["busy", "too slow", "cut off", "damaged", "failed after it began to answer", "gateway"],
)
async def test_an_upload_is_sent_again_after_a_passing_fault(
    answering: Answering, answer: tuple[int, str, str]
) -> None:
    script = Script(answer, KEPT)
    async with answering(script) as storage:
        await put(storage, new_key(), some_image())

    assert script.methods == ["put", "put"]


async def test_a_server_that_accepts_everything_is_not_believed(answering: Answering) -> None:
    async with answering(Script((200, "", ""))) as storage:
        with pytest.raises(StorageFault, match="is not an S3 server"):
            await put(storage, new_key(), some_image())


@pytest.mark.parametrize(
    "page", ["<!DOCTYPE html><p>Welcome<br>", "<html/>", "<List><Contents><Size>x</Size></Contents></List>", ""]
)
async def test_an_answer_that_is_not_a_list_of_keys_is_not_taken_for_an_empty_list(
    answering: Answering, page: str
) -> None:
    async with answering(Script((200, "", page))) as storage:
        with pytest.raises(StorageFault):
            await all_keys(storage)


async def test_an_error_instead_of_a_list_of_keys_is_retried_and_is_a_passing_fault(answering: Answering) -> None:
    script = Script(error(200, "SlowDown"))
    async with answering(script) as storage:
        with pytest.raises(StorageFault, match="500 SlowDown") as raised:
            await all_keys(storage)

    assert not isinstance(raised.value, StorageRefused)
    assert script.methods == ["get", "get"]


EXISTS = error(412, "PreconditionFailed")


async def test_a_check_detects_that_links_could_not_be_opened_and_cleans_up(answering: Answering) -> None:
    script = Script(REMOVED, KEPT, EXISTS, error(403, "AccessDenied"), REMOVED)
    async with answering(script) as storage:
        with pytest.raises(StorageFault, match="access is denied: GetObject"):
            await storage.check()

    assert script.methods == ["delete", "put", "put", "get", "delete"]


async def test_a_check_detects_that_other_bytes_come_back(answering: Answering) -> None:
    script = Script(REMOVED, KEPT, EXISTS, (200, "", "other bytes"), REMOVED)
    async with answering(script) as storage:
        with pytest.raises(StorageFault, match="does not return what was put there"):
            await storage.check()

    assert script.methods == ["delete", "put", "put", "get", "delete"]


async def test_a_check_detects_that_its_object_cannot_be_deleted(answering: Answering) -> None:
    written = "written to see whether images could be kept here"
    async with answering(Script(REMOVED, KEPT, EXISTS, (200, "", written), error(403, "AccessDenied"))) as storage:
        with pytest.raises(StorageFault, match="access is denied: DeleteObject"):
            await storage.check()


@pytest.mark.parametrize(("status", "code"), [(404, "NoSuchKey"), (403, "AccessDenied")])
async def test_a_missing_object_is_not_held(answering: Answering, status: int, code: str) -> None:
    async with answering(Script(error(status, code))) as storage:
        assert not await storage.holds(placed(new_key(), some_image()))


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "NoSuchBucket"), (403, "InvalidAccessKeyId"), (403, "SignatureDoesNotMatch"), (400, "ExpiredToken")],
)
async def test_a_refusal_that_does_not_concern_the_object_is_a_fault(
    answering: Answering, status: int, code: str
) -> None:
    async with answering(Script(error(status, code))) as storage:
        with pytest.raises(StorageFault):
            await storage.holds(placed(new_key(), some_image()))
