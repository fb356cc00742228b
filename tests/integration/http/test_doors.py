"""Deny by default: only the doors in `OPEN` are open without a token."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from integration.http.house import House, bearer
from integration.http.raw import exchange

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
OPEN = {
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/docs"),
    ("GET", "/docs/"),
    ("GET", "/docs/openapi.json"),
    ("GET", "/problems/gone"),
    ("GET", "/"),
    ("GET", "/page/page.js"),
    ("GET", "/.well-known/oauth-protected-resource/mcp"),
}
OPEN |= {("HEAD", path) for _, path in OPEN}
PATHS = (
    *("/api/images", "/api/generations", "/api/generations/0199a8f2-7c4e-7b1d-9a53-2f6d1c0b4e88"),
    *("/api/models", "/api/usage", "/health/live", "/health/ready", "/docs/openapi.json", "/problems/gone"),
    *("/", "/page", "/page/page.js", "/api", "/api/", "/docs", "/docs/", "/docs/swagger", "/schema", "/problems"),
    *("/health", "/metrics"),
    *("/v1", "/v1/images/generations", "/v1/models", "/v1/models/memory", "/v1/images/edits", "/v1/chat/completions"),
    *("/mcp", "/mcp/", "/mcp/messages", "/.well-known/oauth-protected-resource/mcp", "/.well-known/security.txt"),
    *("/api/images/health/live", "/health/live/../../api/models", "/health/live/x", "/api/models/health/ready"),
    *("//api//models", "/API/MODELS", "/api/models/", "/api/models;/health/live", "/api/models%2fhealth/live"),
    *("/health/live%00", "/%2e%2e/api/models", "/api/models?open_to_all=true", "/favicon.ico", "/.env", "/files/x.png"),
)


@pytest.mark.parametrize("method", METHODS)
async def test_without_a_token_only_the_open_doors_open(house: House, method: str) -> None:
    del house.client.headers["Authorization"]
    for path in PATHS:
        answer = await house.client.request(method, path)
        if (method, path) in OPEN:
            assert answer.status_code == 200, path
        elif path == "/health/live/../../api/models":
            continue
        else:
            assert answer.status_code == 401, path
            named = ' resource_metadata="/.well-known/oauth-protected-resource/mcp"'
            at_mcp = path in ("/mcp", "/mcp/")
            assert answer.headers["www-authenticate"] == f"Bearer{named if at_mcp else ''}"


async def test_dot_segments_in_a_path_are_not_resolved(house: House) -> None:
    request = b"GET /health/live/../../api/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert (await exchange(house, request)).startswith(b"HTTP/1.1 401 ")


async def test_with_a_token_unknown_paths_and_methods_are_reported_as_such(house: House) -> None:
    nowhere = await house.client.get("/api/nowhere")
    wrong = [await house.client.request(method, "/api/images") for method in ("GET", "HEAD", "PUT", "TRACE")]
    assert (nowhere.status_code, nowhere.json()["type"]) == (404, "/problems/not-found")
    assert [answer.status_code for answer in wrong] == [405] * 4
    assert wrong[0].json()["type"] == "/problems/method-not-allowed"
    assert {answer.headers["allow"] for answer in wrong} == {"OPTIONS, POST"}
    assert (await house.client.post("/api/models")).headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["/health/live", "/api/models", "/docs/openapi.json", "/api/nowhere"])
async def test_head_is_get_without_the_body(house: House, path: str) -> None:
    got, head = await house.client.get(path), await house.client.head(path)
    assert head.status_code == got.status_code
    assert head.content == b""
    assert head.headers["content-length"] == str(len(got.content))
    # The connection can still be used.
    assert (await house.client.get("/health/live")).status_code == 200


async def test_options_lists_the_allowed_methods(house: House) -> None:
    one, two = [await house.client.options(path) for path in ("/api/generations", f"/api/generations/{UUID(int=1)}")]
    assert (one.status_code, one.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert (two.status_code, two.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS")


async def test_a_request_without_a_token_is_refused_before_its_body_is_read(house: House) -> None:
    head = b"POST /api/images HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n"
    assert (await exchange(house, head)).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "header",
    [
        ("X-Original-URL", "/health/live"),
        ("X-Rewrite-URL", "/health/live"),
        ("X-HTTP-Method-Override", "HEAD"),
        ("X-Forwarded-User", "ada"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", 'for=127.0.0.1;host="darkroom";proto=https'),
        ("Cookie", "token=x; session=ada"),
    ],
    ids=lambda header: header[0],
)
async def test_no_header_of_a_proxy_opens_anything(house: House, header: tuple[str, str]) -> None:
    del house.client.headers["Authorization"]
    assert (await house.client.get("/api/usage", headers=[header])).status_code == 401


async def test_an_invalid_host_is_refused(house: House) -> None:
    token = bearer()["Authorization"].encode()
    request = b"GET /api/models HTTP/1.1\r\nHost: a b\r\nAuthorization: " + token + b"\r\nConnection: close\r\n\r\n"
    answer = await exchange(house, request)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"header":"Host"' in answer


async def test_every_answer_forbids_sniffing_its_type_and_caching_it(house: House) -> None:
    for path in ("/health/live", "/api/models", "/api/nowhere", "/problems/gone"):
        answer = await house.client.get(path)
        assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")
        assert "server" not in answer.headers


async def test_there_are_no_web_sockets(house: House) -> None:
    sent: list[Any] = []

    async def receive() -> Any:  # noqa: ANN401  # as ASGI has it
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:  # noqa: ANN401
        sent.append(message)

    scope: Any = {"type": "websocket", "path": "/api/images", "headers": [], "query_string": b"", "subprotocols": []}
    await house.app(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
