"""Calls from the pages of other origins (Fetch standard, 3.3): only from those that the operator has set."""

from collections.abc import Collection
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from darkroom.entrypoints.http.headers import values_of

_VARY: Final = (b"vary", b"origin")
_PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, POST, DELETE"),
    (
        b"access-control-allow-headers",
        (
            b"Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer, Webhook-URL, "
            b"X-Request-ID, traceparent"
        ),
    ),
    (b"access-control-max-age", b"600"),
)
_EXPOSED: Final = (
    b"access-control-expose-headers",
    (
        b"Darkroom-Generator, Darkroom-Model, ETag, Idempotency-Replay, Link, Location, Preference-Applied, "
        b"Retry-After, WWW-Authenticate, X-Request-ID"
    ),
)


class Cors:
    """ASGI middleware that lets the pages of these origins ask and read; to all others it says nothing."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app, self._origins = app, frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        origins = values_of(headers, b"origin")
        allowed = len(origins) == 1 and origins[0] in self._origins
        allow_origin = [(b"access-control-allow-origin", origins[0].encode())] if allowed else []
        if allowed and scope["type"] == ScopeType.HTTP and scope["method"] == "OPTIONS":
            # A preflight carries no token, so it is answered before anybody asks for one.
            await send({"type": "http.response.start", "status": 204, "headers": [_VARY, *allow_origin, *_PREFLIGHT]})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return

        async def send_allowing(message: Message) -> None:
            if message["type"] == "http.response.start":
                exposed = [*allow_origin, _EXPOSED] if allowed else []
                message["headers"] = [*message["headers"], _VARY, *exposed]
            await send(message)

        await self._app(scope, receive, send_allowing)
