"""Connections at the shutdown of the service: every request that still arrives is answered."""

from __future__ import annotations

import asyncio
import json
import select
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import pytest
from litestar import Litestar

from darkroom.entrypoints.refusals import Refusal
from darkroom.entrypoints.serving.http_guard import GuardedHttpProtocol
from darkroom.entrypoints.serving.open_connections import OpenConnections
from darkroom.entrypoints.serving.server import Server
from unit.entrypoints.test_http_guard import DAYS, REQUEST, Endless, connected, next_answer, serving
from unit.entrypoints.test_http_guard import Application as Echo


class Patient(Endless):
    """Waits for its clients to leave."""

    LEFT_WITHIN: ClassVar = DAYS


class Impatient(Endless):
    """Hardly waits for its clients to leave."""

    LEFT_WITHIN: ClassVar = 0.05


@dataclass
class Application(Echo):
    """Counts its requests."""

    @property
    def asked(self) -> int:
        return sum(scope["type"] == "http" for scope in self.scopes)


@dataclass
class Halting(Application):
    """Stops in the middle of its answer."""

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"bo", "more_body": True})
        await self.may_answer.wait()
        await send({"type": "http.response.body", "body": b"dy"})


@asynccontextmanager
async def stopping(listener: socket.socket, application: Application) -> AsyncIterator[Server]:
    """Serve within the block, and shut the server down at its end."""
    server = Server(cast("Litestar", application), OpenConnections(), lambda _: None, keep_alive=60)
    async with server.answering(listener):
        yield server
        server.announce_the_end()
        application.may_answer.set()


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=100)


def everything(client: socket.socket) -> bytes:
    """All data that comes on a connection until it is closed.

    Raises:
        ConnectionError: the connection is reset.
    """
    heard = b""
    while piece := client.recv(65536):
        heard += piece
    return heard


def assert_asked_to_come_back(answer: bytes) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert {b"retry-after: 1", b"connection: close"} <= set(head.splitlines())
    assert (json.loads(body)["detail"], json.loads(body)["charged"]) == (Refusal.STOPPING.detail, "no")


async def test_clients_that_have_connected_are_answered_after_the_listener_is_closed() -> None:
    application, listener = Application(), listening()
    async with stopping(listener, application):
        # They connect to the operating system. The service would see them at the next turn of its loop, which
        # does not come.
        clients = [socket.create_connection(listener.getsockname()) for _ in range(50)]
        for client in clients:
            client.sendall(REQUEST + b"body")
    for client in clients:
        with client:
            answer = everything(client)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b"body")


async def test_an_answer_to_a_request_begun_before_shutdown_is_the_last_on_its_connection() -> None:
    application, listener = Application(), listening()
    port = listener.getsockname()[1]
    async with connected(port) as (reader, writer), stopping(listener, application) as server:
        writer.write(REQUEST + b"body")
        while not application.asked:  # noqa: ASYNC110  # a request is not announced
            await asyncio.sleep(0)
        server.announce_the_end()
        application.may_answer.set()
        head, body = await next_answer(reader)
        assert (b"connection: close" in head.splitlines(), body) == (True, b"body")
        assert await reader.read() == b""


@pytest.mark.parametrize(
    "sent_before", [0, len(REQUEST) // 2], ids=["nothing sent before", "half of the head sent before"]
)
async def test_a_request_sent_while_the_server_shuts_down_is_answered(sent_before: int) -> None:
    application = Application()
    application.may_answer.set()
    async with serving(Patient, application) as port:
        client = socket.create_connection(("127.0.0.1", port))
        await asyncio.to_thread(client.sendall, REQUEST + b"body" + REQUEST[:sent_before])
        while not (await asyncio.to_thread(client.recv, 65536)).endswith(b"body"):
            pass
        meeting = asyncio.create_task(asyncio.to_thread(speak_at_the_end, client, REQUEST[sent_before:]))
    assert_asked_to_come_back(await meeting)
    assert application.asked == 1


async def test_a_request_sent_while_an_idle_connection_is_closed_is_answered() -> None:
    application = Application()
    application.may_answer.set()
    async with serving(Patient, application, keep_alive=1) as port:
        client = socket.create_connection(("127.0.0.1", port))
        await asyncio.to_thread(client.sendall, REQUEST + b"body")
        while not (await asyncio.to_thread(client.recv, 65536)).endswith(b"body"):
            pass
        answer = await asyncio.to_thread(speak_at_the_end, client, REQUEST)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.splitlines()
    assert (json.loads(body)["detail"], json.loads(body)["charged"]) == (Refusal.IDLE.detail, "no")
    assert application.asked == 1


def speak_at_the_end(client: socket.socket, request: bytes) -> bytes:
    with client:
        select.select([client], [], [])  # the server has announced the end, and this client has not read it
        client.sendall(request)
        client.sendall(b"body")  # fails if the connection was closed before the first send
        return everything(client)


async def test_a_client_that_has_connected_without_a_request_is_answered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GuardedHttpProtocol, "LEFT_WITHIN", DAYS)
    application, listener = Application(), listening()
    async with stopping(listener, application):
        client = socket.create_connection(listener.getsockname())
        meeting = asyncio.create_task(asyncio.to_thread(speak_at_the_end, client, REQUEST))
    assert_asked_to_come_back(await meeting)
    assert not application.asked


async def test_an_answer_begun_without_connection_close_is_followed_by_a_503() -> None:
    async with serving(Patient, Halting()) as port:
        client = socket.create_connection(("127.0.0.1", port))
        await asyncio.to_thread(client.sendall, REQUEST + b"body")
        heard = b""
        while not heard.endswith(b"bo"):
            heard += await asyncio.to_thread(client.recv, 65536)
        meeting = asyncio.create_task(asyncio.to_thread(speak_at_the_end, client, REQUEST))
    rest = await meeting
    assert rest.startswith(b"dy")
    assert_asked_to_come_back(rest.removeprefix(b"dy"))


async def test_shutdown_does_not_wait_for_a_client_that_does_not_leave() -> None:
    application = Application()
    application.may_answer.set()
    async with serving(Impatient, application) as port:
        client = socket.create_connection(("127.0.0.1", port))
        await asyncio.to_thread(client.sendall, REQUEST + b"body")
        while not (await asyncio.to_thread(client.recv, 65536)).endswith(b"body"):
            pass
    with client:  # the server has ended; the connection is still open at this end
        assert_asked_to_come_back(everything(client))
