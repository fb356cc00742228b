"""What every request meets first and every answer passes last."""

import time
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.http import access_log
from entrypoints.http.headers import Headers
from entrypoints.http.request_id import choose_request_id

_DEFAULTS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class Edge:
    """ASGI middleware that names the request, dresses the answer and writes the line in the access log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), None
        request_id = choose_request_id(scope["headers"])
        inner = scope.copy()
        inner["state"] = {**scope.get("state", {}), "request_id": request_id}
        if scope["method"] == "HEAD":
            # The same as GET without the body (RFC 9110, 9.3.2), which the server leaves out by itself.
            inner["method"] = "GET"

        async def send_dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _dressed(message["headers"], request_id)
            await send(message)

        try:
            await self._app(inner, receive, send_dressed)
        finally:
            access_log.write(
                method=scope["method"],
                route=inner.get("path_template"),
                status=status,
                milliseconds=(time.perf_counter() - began) * 1000,
                request_id=request_id,
                caller=inner.get("user"),
            )


def _dressed(headers: Headers, request_id: str) -> Headers:
    names = {name for name, _ in headers}
    defaults = (header for header in _DEFAULTS if header[0] not in names)
    return [*headers, *defaults, (b"x-request-id", request_id.encode())]
