"""Calls that cost nothing: one try, and an answer of any status is returned."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from darkroom.adapters.outbound_http.free_calls import FreeCalls
from darkroom.domain.model.errors import GeneratorRefused, GeneratorUnavailable

REQUEST = httpx.Request("GET", "http://provider.example/status")


class Body(httpx.AsyncByteStream):
    """Yields some bytes, then ends, raises `end`, or stays silent."""

    def __init__(self, data: bytes, end: Exception | None = None, *, silent: bool = False) -> None:
        self._data, self._end, self._silent = data, end, silent

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._data
        if self._silent:
            await asyncio.Event().wait()
        if self._end:
            raise self._end


class Answering(httpx.AsyncBaseTransport):
    """A transport that returns one answer, or raises."""

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self._answer = answer
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize("status", [200, 404, 500])
async def test_an_answer_of_any_status_is_returned(status: int) -> None:
    answer = await FreeCalls(Answering(httpx.Response(status, stream=Body(b"{}")))).send(REQUEST, longest=2)

    assert (answer.status, answer.body) == (status, b"{}")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.ConnectError("no connection"), "no connection"),
        (httpx.Response(200, stream=Body(b"{", httpx.ReadError("the connection broke"))), "the connection broke"),
        (httpx.Response(200, stream=Body(b"{}{")), "is longer than 2 bytes"),
        (httpx.Response(200, headers={"content-encoding": "br"}, stream=Body(b"??")), "is compressed"),
    ],
)
async def test_no_readable_answer_means_unavailable(answer: httpx.Response | Exception, says: str) -> None:
    with pytest.raises(GeneratorUnavailable, match=says):
        await FreeCalls(Answering(answer)).send(REQUEST, longest=2)


async def test_a_silent_server_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FreeCalls, "TIMEOUT", 0.01)

    with pytest.raises(GeneratorUnavailable, match="no answer within"):
        await FreeCalls(Answering(httpx.Response(200, stream=Body(b"{", silent=True)))).send(REQUEST, longest=2)


@pytest.mark.parametrize("status", [200, 307, 404, 405])
async def test_a_server_that_answers_is_reached(status: int) -> None:
    transport = Answering(httpx.Response(status, stream=Body(b"", silent=True)))
    await FreeCalls(transport).reach(REQUEST.url)

    assert [(request.method, request.url) for request in transport.requests] == [("GET", REQUEST.url)]
    assert "authorization" not in transport.requests[0].headers


@pytest.mark.parametrize(
    ("answer", "says"),
    [(httpx.Response(503, stream=Body(b"")), "503"), (httpx.ConnectError("no connection"), "no con")],
)
async def test_a_server_that_fails_or_does_not_answer_is_not_reached(
    answer: httpx.Response | Exception, says: str
) -> None:
    with pytest.raises(GeneratorUnavailable, match=says):
        await FreeCalls(Answering(answer)).reach(REQUEST.url)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_rejected_key_is_reported(status: int) -> None:
    transport = Answering(httpx.Response(status, stream=Body(b"")))
    with pytest.raises(GeneratorRefused, match=str(status)):
        await FreeCalls(transport).reach(REQUEST.url, authorization="Bearer key")

    assert transport.requests[0].headers["authorization"] == "Bearer key"


@pytest.mark.parametrize("status", [401, 403])
async def test_without_a_key_a_401_or_403_counts_as_reached(status: int) -> None:
    await FreeCalls(Answering(httpx.Response(status, stream=Body(b"")))).reach(REQUEST.url)
