"""The outermost middleware: every request passes it first, and every answer last."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from darkroom.entrypoints import logs
from darkroom.entrypoints.http import access_log
from darkroom.entrypoints.http.headers import Headers
from darkroom.entrypoints.http.problems import PROBLEM, provider_messages
from darkroom.entrypoints.http.public_path import published_under, without_public_path
from darkroom.entrypoints.http.request_id import choose_request_id

HEAD: Final = "head"
"""The key in the scope's state that is True for a HEAD request, whose answer has no body."""

_DEFAULTS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class Answered(Protocol):
    """Called after each answer; `route`, `status` and `problem` are those of the access log."""

    def __call__(
        self, *, method: str, route: str | None, status: int | None, problem: str | None, seconds: float
    ) -> None: ...


Watch = Callable[[Headers], AbstractContextManager[Answered]]
"""Called with a request's headers; the context manager is entered before the request, and left after its answer."""


@contextmanager
def unwatched(headers: Headers) -> Iterator[Answered]:
    """Return a watch that does nothing."""
    del headers
    yield lambda **_: None


class Edge:
    """ASGI middleware that gives the request its id, adds headers to the answer, and writes the access log."""

    def __init__(
        self,
        app: ASGIApp,
        watch: Watch,
        public_path: str = "",
        *,
        left_on: bool = False,
        show_provider_messages: bool = False,
    ) -> None:
        """Wrap `app`; `left_on` says that a proxy may forward requests with the public path still on them."""
        self._app, self._watch, self._public_path, self._left_on = app, watch, public_path, left_on
        self._show_provider_messages = show_provider_messages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = choose_request_id(scope["headers"])
        with (
            logs.carrying(request_id=request_id),
            published_under(self._public_path),
            provider_messages(shown=self._show_provider_messages),
            self._watch(scope["headers"]) as answered,
        ):
            await self._answer(scope, receive, send, request_id, answered)

    async def _answer(
        self, scope: HTTPScope, receive: Receive, send: Send, request_id: str, answered: Answered
    ) -> None:
        began, ended, status, answered_head = time.perf_counter(), 0.0, None, False
        inner = scope.copy()
        if self._left_on:
            without_public_path(inner)
        inner["state"] = {**scope.get("state", {}), "request_id": request_id, HEAD: scope["method"] == "HEAD"}
        if scope["method"] == "HEAD":
            # As GET without the body (RFC 9110, 9.3.2). It ends at the first piece of the body: a stream may not end.
            inner["method"] = "GET"

        async def send_dressed(message: Message) -> None:
            nonlocal ended, status, answered_head
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _dressed(message["headers"], request_id)
            elif scope["method"] == "HEAD" and message["type"] == "http.response.body":
                if answered_head:
                    return
                message["body"], message["more_body"], answered_head = b"", False, True
            await send(message)
            if message["type"] == "http.response.body" and not message["more_body"]:
                ended = time.perf_counter()  # work after the answer does not count

        try:
            await self._app(inner, receive, send_dressed)
        finally:
            seconds, route = (ended or time.perf_counter()) - began, inner.get("path_template")
            problem = inner["state"].get(PROBLEM)
            access_log.write(
                method=scope["method"],
                route=route,
                status=status,
                problem=problem,
                milliseconds=seconds * 1000,
                request_id=request_id,
                caller=inner.get("user"),
            )
            answered(method=scope["method"], route=route, status=status, problem=problem, seconds=seconds)


def _dressed(headers: Headers, request_id: str) -> Headers:
    names = {name for name, _ in headers}
    defaults = (header for header in _DEFAULTS if header[0] not in names)
    return [*headers, *defaults, (b"x-request-id", request_id.encode())]
