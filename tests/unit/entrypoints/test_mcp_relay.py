"""`darkroom mcp`: how it relays lines to a service, and the answers of the service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from darkroom.entrypoints.commands.generate.client import Client
from darkroom.entrypoints.commands.mcp import Relay

Json = dict[str, Any]
LINK = "http://127.0.0.1:8000/files/2026/11/a%20fox.png?expires=1&signature=x"


class Service:
    """Answers with the given function, and records the requests."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self._answer = answer
        self.asked: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answer(request)


@asynccontextmanager
async def relay_to(service: Any, folders: Mapping[str, Path] | None = None) -> AsyncIterator[tuple[Relay, list[Json]]]:  # noqa: ANN401  # the type that httpx accepts
    written: list[Json] = []
    async with httpx.AsyncClient(transport=httpx.MockTransport(service), base_url="https://darkroom.example") as http:
        yield Relay(Client(http, "the-token"), lambda line: written.append(json.loads(line)), folders or {}), written


async def relayed(service: Any, *messages: object, folders: Mapping[str, Path] | None = None) -> list[Json]:  # noqa: ANN401
    async with relay_to(service, folders) as (relay, written):
        for message in messages:
            relay.take(message if isinstance(message, bytes) else json.dumps(message).encode())
            await relay.finish()
    return written


def asked(method: str, **params: object) -> Json:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}


def answered(result: Json) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(200, json={"jsonrpc": "2.0", "id": 7, "result": result})


def cut_off(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("reset", request=request)


def connection_refused(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


async def test_the_negotiated_revision_is_sent_with_every_later_request() -> None:
    service = Service(answered({"protocolVersion": "2025-06-18"}))
    await relayed(service, asked("initialize"), asked("ping"))
    first, then = service.asked
    assert "mcp-protocol-version" not in first.headers
    assert then.headers["mcp-protocol-version"] == "2025-06-18"
    assert {request.headers["authorization"] for request in service.asked} == {"Bearer the-token"}


async def test_a_request_that_names_its_own_revision_is_sent_with_the_headers_of_that_revision() -> None:
    service = Service(answered({}))
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    await relayed(service, asked("tools/call", name="dráw", _meta=meta))
    (request,) = service.asked
    assert request.headers["mcp-protocol-version"] == "2026-07-28"
    assert (request.headers["mcp-method"], request.headers["mcp-name"]) == ("tools/call", "=?base64?ZHLDoXc=?=")


async def test_a_refusal_without_an_id_gets_the_id_of_its_request() -> None:
    refusal = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "an access token is required"}}
    (written,) = await relayed(Service(lambda _: httpx.Response(401, json=refusal)), asked("ping"))
    assert written == refusal | {"id": 7}


async def test_an_answer_of_another_service_is_reported_as_such() -> None:
    problem = {"type": "/problems/not-found", "detail": "there is nothing at this address"}
    shut = await relayed(Service(lambda _: httpx.Response(404, json=problem)), asked("ping"))
    other = await relayed(Service(lambda _: httpx.Response(200, text="<html>")), asked("ping"))
    assert shut[0]["error"]["message"] == "https://darkroom.example/mcp answered 404: there is nothing at this address"
    assert "answered 200: it is not a Darkroom" in other[0]["error"]["message"]


@pytest.mark.parametrize(("fault", "charged"), [(cut_off, "unknown"), (connection_refused, "no")])
async def test_a_tool_call_without_an_answer_reports_whether_it_was_charged(
    fault: Callable[[httpx.Request], httpx.Response], charged: str
) -> None:
    (written,) = await relayed(Service(fault), asked("tools/call", name="draw_image"))
    text = written["result"]["content"][0]["text"]
    assert (written["result"]["isError"], f"charged: {charged}" in text) == (True, True)
    assert ("list_generations" in text) == (charged == "unknown")
    (written,) = await relayed(Service(fault), asked("ping"))
    assert written["error"]["code"] == -32603


@pytest.mark.parametrize(
    ("params", "charged"),
    [
        ({"name": "list_generations"}, "no"),
        ({"name": "get_generation"}, "no"),
        ({"name": "not_known_here"}, "unknown"),
        ({"name": ["draw_image"]}, "unknown"),
        ([], "unknown"),
    ],
)
async def test_only_a_tool_that_costs_money_may_have_been_charged(params: object, charged: str) -> None:
    message = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
    (written,) = await relayed(Service(cut_off), message)
    text = written["result"]["content"][0]["text"]
    assert f"charged: {charged}" in text
    assert ("before ordering again" in text) == (charged == "unknown")


async def test_a_notification_is_never_answered() -> None:
    notification = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    for service in (lambda _: httpx.Response(202), lambda _: httpx.Response(404, json={}), connection_refused):
        assert await relayed(Service(service), notification) == []


@pytest.mark.parametrize("line", [b"{", b"[]", b"\xff", b'{"jsonrpc": "2.0", "id": "\\ud800", "method": "\\ud800"}'])
async def test_a_line_that_is_not_a_message_is_relayed_unchanged(line: bytes) -> None:
    service = Service(lambda _: httpx.Response(400, json={"jsonrpc": "2.0", "id": None, "error": {}}))
    (written,) = await relayed(service, line)
    assert ("error" in written, [request.content for request in service.asked]) == (True, [line])


async def test_a_cancelled_request_is_not_answered() -> None:
    began, go = asyncio.Event(), asyncio.Event()

    async def slow(request: httpx.Request) -> httpx.Response:
        began.set()
        await go.wait()
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": 7, "result": {}})

    async with relay_to(slow) as (relay, written):
        relay.take(json.dumps(asked("tools/call")).encode())
        await began.wait()
        cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}
        relay.take(json.dumps(cancelled).encode())
        await relay.finish()
    assert written == []


async def test_links_that_only_this_process_can_open_become_file_links() -> None:
    link = {"type": "resource_link", "uri": LINK, "name": "a fox.png"}
    result = {"content": [{"type": "text", "text": f"drawn: {LINK}"}, link], "structuredContent": {"image": LINK}}
    folders = {"http://127.0.0.1:8000/files/": Path("/pictures")}
    (written,) = await relayed(Service(answered(result)), asked("tools/call"), folders=folders)
    text, shown = written["result"]["content"]
    assert shown["uri"] == "file:///pictures/2026/11/a%20fox.png"
    assert (text["text"], written["result"]["structuredContent"]) == (f"drawn: {shown['uri']}", {"image": shown["uri"]})
