from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import httpx
import pytest

from darkroom.adapters.byte_room import ByteRoom
from darkroom.adapters.outbound_http.bodies import BodyReader
from darkroom.adapters.outbound_http.paid_calls import PaidCalls
from darkroom.adapters.outbound_http.proxies import Proxies
from darkroom.adapters.outbound_http.transport import BODY_BEGINS, AiohttpTransport
from darkroom.domain.model.errors import Charged, GeneratorUnavailable, OutcomeUnknown, UnusableImage
from harness.waiting import until
from unit.provider_http.full import full
from unit.provider_http.wire import OK, wire

URL = "http://provider.example/draw"
LONGEST = 1000
BODIES = BodyReader(ByteRoom(2**20))


class Carrier(httpx.AsyncBaseTransport):
    """Raises the next of `failures` for each request, after its body has begun if `sent`; then answers."""

    def __init__(self, *failures: httpx.TransportError, sent: bool = False, answer: bytes = b"done") -> None:
        self._failures, self._sent, self._answer = list(failures), sent, answer
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self._sent or not self._failures:
            await request.extensions["trace"](BODY_BEGINS, {})
        if self._failures:
            raise self._failures.pop(0)
        return httpx.Response(200, content=self._answer, request=request)


def order() -> httpx.Request:
    return httpx.Request("POST", URL, content=b'{"prompt": "a fox"}')


@asynccontextmanager
async def paying(*, patience: float = 30.0) -> AsyncIterator[PaidCalls]:
    async with AiohttpTransport(aiohttp.TCPConnector(force_close=True, limit=0), Proxies()) as transport:
        yield PaidCalls(transport, BODIES, timeout=patience)


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x"), httpx.WriteError("x")]
)
async def test_a_call_that_was_not_sent_is_sent_again(failure: httpx.TransportError) -> None:
    carrier = Carrier(failure, failure)
    answer = await PaidCalls(carrier, BODIES, timeout=30).send(order(), longest=LONGEST)

    assert (answer.body, carrier.requests) == (b"done", 3)


@pytest.mark.parametrize(
    "failure", [httpx.ReadError("x"), httpx.WriteError("x"), httpx.RemoteProtocolError("x"), httpx.ConnectError("x")]
)
async def test_a_call_that_was_sent_is_never_sent_again(failure: httpx.TransportError) -> None:
    carrier = Carrier(failure, sent=True)
    with pytest.raises(OutcomeUnknown) as raised:
        await PaidCalls(carrier, BODIES, timeout=30).send(order(), longest=LONGEST)

    assert (raised.value.charged, carrier.requests) == (Charged.UNKNOWN, 1)


async def test_a_request_without_a_body_is_never_sent_again() -> None:
    carrier = Carrier(httpx.ConnectError("x"))
    with pytest.raises(OutcomeUnknown):
        await PaidCalls(carrier, BODIES, timeout=30).send(httpx.Request("POST", URL), longest=LONGEST)

    assert carrier.requests == 1


async def test_an_unreachable_provider_is_given_up_at_the_deadline() -> None:
    carrier = Carrier(*(httpx.ConnectError("x") for _ in range(1000)))
    with pytest.raises(GeneratorUnavailable) as raised:
        await PaidCalls(carrier, BODIES, timeout=0.3).send(order(), longest=LONGEST)

    assert raised.value.charged is Charged.NO
    assert carrier.requests > 1


async def test_an_unreachable_provider_is_given_up_before_a_late_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PaidCalls, "LONGEST_TRYING", 0.2)
    carrier = Carrier(*(httpx.ConnectError("x") for _ in range(1000)))
    with pytest.raises(GeneratorUnavailable, match="cannot be reached"):
        await PaidCalls(carrier, BODIES, timeout=1000).send(order(), longest=LONGEST)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhi"])
async def test_after_the_deadline_the_charge_is_unknown(answer: bytes) -> None:
    async with wire(answer) as provider, paying(patience=1.0) as calls:
        request = httpx.Request("POST", provider.origin, content=b"{}")
        with pytest.raises(OutcomeUnknown, match="within") as raised:
            await calls.send(request, longest=LONGEST)

    assert answer.endswith(raised.value.evidence)
    assert len(provider.heard) == 1


async def test_a_deadline_before_anything_was_sent_costs_nothing() -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    with pytest.raises(GeneratorUnavailable):
        await PaidCalls(Silent(), BODIES, timeout=0.05).send(order(), longest=LONGEST)


async def test_an_answer_is_limited_in_length() -> None:
    calls = PaidCalls(Carrier(answer=b"x" * LONGEST), BODIES, timeout=30)
    assert len((await calls.send(order(), longest=LONGEST)).body) == LONGEST

    calls = PaidCalls(Carrier(answer=b"x" * (LONGEST + 1)), BODIES, timeout=30)
    with pytest.raises(UnusableImage, match="longer than 1000") as raised:
        await calls.send(order(), longest=LONGEST)
    assert (raised.value.charged, raised.value.evidence) == (Charged.YES, b"x" * LONGEST)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhi", "cut short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "cut short"),
        (b"HTTP/1.1 201 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nhi", "compressed"),
    ],
)
async def test_an_unreadable_answer_was_charged(answer: bytes, why: str) -> None:
    async with wire(answer, hang_up=True) as provider, paying() as calls:
        with pytest.raises(UnusableImage, match=why) as raised:
            await calls.send(httpx.Request("POST", provider.origin, content=b"{}"), longest=LONGEST)

    assert (raised.value.charged, raised.value.evidence) == (Charged.YES, b"hi")


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 100", b'Transfer-Encoding: chunked\r\n\r\n8\r\n{"a": 1}\r\n'],
    ids=["less than announced", "without the last chunk"],
)
async def test_a_whole_answer_is_used_even_if_the_connection_then_breaks(head: bytes) -> None:
    body = b"" if b"chunked" in head else b'{"a": 1}'
    answered = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" * bool(body) + body
    async with wire(answered, hang_up=True) as provider, paying() as calls:
        answer = await calls.send(httpx.Request("POST", provider.origin, content=b"{}"), longest=LONGEST)

    assert answer.document() == {"a": 1}


@pytest.mark.parametrize("status", [400, 429, 503])
async def test_a_truncated_error_is_used(status: int) -> None:
    head = b"HTTP/1.1 %d Error\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\nhi" % status
    async with wire(head, hang_up=True) as provider, paying() as calls:
        answer = await calls.send(httpx.Request("POST", provider.origin, content=b"{}"), longest=LONGEST)

    assert (answer.status, answer.body) == (status, b"hi")


async def test_no_connection_is_reused() -> None:
    async with wire(OK) as provider, paying() as calls:
        for _ in range(3):
            await calls.send(httpx.Request("POST", provider.origin, content=b"{}"), longest=LONGEST)

    assert provider.connections == 3


async def test_cancelling_a_call_closes_its_connection() -> None:
    async with wire(b"") as provider, paying() as calls:
        request = httpx.Request("POST", provider.origin, content=b"{}")
        work = asyncio.create_task(calls.send(request, longest=LONGEST))
        await until(lambda: bool(provider.heard))
        work.cancel()
        await asyncio.wait([work])

        assert work.cancelled()
        await until(lambda: not provider.open)


async def test_a_wait_for_memory_does_not_make_the_outcome_unknown(tmp_path: Path) -> None:
    async with full(tmp_path) as bodies:
        paying = asyncio.create_task(PaidCalls(Carrier(), bodies, timeout=0.2).send(order(), longest=LONGEST))
        await asyncio.sleep(0.4)
        assert not paying.done()

    assert (await paying).body == b"done"
