"""CORS (Fetch standard, 3.3): which pages of other origins may call the service from a browser."""

import re
from collections.abc import Collection
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from darkroom.entrypoints.http.headers import Headers, values_of

_VARY: Final = (b"vary", b"origin")
_METHODS: Final = (b"access-control-allow-methods", b"GET, POST, DELETE")
_MAX_AGE: Final = (b"access-control-max-age", b"600")
_TAKEN: Final = (
    *("Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID", "Prefer", "Webhook-URL"),
    *("X-Request-ID", "traceparent"),
    *("MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"),
    *("OpenAI-Organization", "OpenAI-Project", "User-Agent"),  # OpenAI's SDK sends them, if they are set
)
_OF_SDK: Final = re.compile("x-stainless-[a-z-]{1,40}")
"""Headers in which OpenAI's SDK sends its version and its retry count; each release may add one."""

_MOST_OF_SDK: Final = 30
_EXPOSED: Final = (
    b"access-control-expose-headers",
    (
        b"Darkroom-Cost, Darkroom-Generator, Darkroom-Model, ETag, Idempotency-Replay, Link, Location, "
        b"Preference-Applied, Retry-After, WWW-Authenticate, X-Request-ID, x-should-retry"
    ),
)


class Cors:
    """ASGI middleware that sends CORS headers to the given origins only."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app, self._origins = app, frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        origins = values_of(headers, b"origin")
        allowed = len(origins) == 1 and origins[0] in self._origins
        allow_origin = [(b"access-control-allow-origin", origins[0].encode())] if allowed else []
        if allowed and scope["type"] == ScopeType.HTTP and scope["method"] == "OPTIONS":
            # A preflight carries no token, so it is answered before authentication.
            preflight = [_VARY, *allow_origin, _METHODS, _allowed(headers), _MAX_AGE]
            await send({"type": "http.response.start", "status": 204, "headers": preflight})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return

        async def send_allowing(message: Message) -> None:
            if message["type"] == "http.response.start":
                exposed = [*allow_origin, _EXPOSED] if allowed else []
                message["headers"] = [*message["headers"], _VARY, *exposed]
            await send(message)

        await self._app(scope, receive, send_allowing)


def _allowed(headers: Headers) -> tuple[bytes, bytes]:
    """Return `Access-Control-Allow-Headers`: our list, and the SDK's headers that the preflight asks for."""
    asked = ",".join(values_of(headers, b"access-control-request-headers")).lower().split(",")
    of_sdk = sorted(name for name in map(str.strip, asked) if _OF_SDK.fullmatch(name))[:_MOST_OF_SDK]
    return b"access-control-allow-headers", ", ".join([*_TAKEN, *of_sdk]).encode()
