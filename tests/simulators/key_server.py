"""An issuer of access tokens that publishes its keys, with faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

from aiohttp import web

from simulators.exchange import Answer, Exchange
from simulators.faults import wire
from simulators.faults.fault import AnswerAct, Options

Jwk = dict[str, Any]

LOOPBACK = "127.0.0.1"

MENU: Mapping[str, AnswerAct] = {
    "reset": wire.reset,
    "close": wire.close,
    "not-http": wire.not_http,
    "silent": wire.black_hole,
    "drip": wire.drip,
    "cut-short": wire.cut_short,
    "huge": wire.oversized,
    "huge-header": wire.huge_header,
    "gzip-bomb": wire.gzip_bomb,
    "redirect": wire.redirect_elsewhere,
    "redirect-loop": wire.redirect_to_itself,
    "error": wire.replying(b"{}", "application/json", 500),
    "not-found": wire.replying(b"{}", "application/json", 404),
    "html": wire.replying(b"<h1>Sign in</h1>", "text/html"),
    "empty": wire.replying(b"", "application/json"),
    "bad-utf-8": wire.replying(b'{"keys": [{"kid": "\xff"}]}', "application/json"),
    "deep": wire.replying(b'{"keys": ' + b"[" * 100_000, "application/json"),
    "no-list": wire.replying(b'{"keys": {}}', "application/json"),
    "no-objects": wire.replying(b'{"keys": [1, null, "key"]}', "application/json"),
    "no-keys": wire.replying(b'{"keys": []}', "application/json"),
    "no-key-of-use": wire.replying(b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', "application/json"),
}
"""The faults of an answer, by name."""


class KeyServer:
    """Listens on the loopback interface from `start` until `stop`, or within `async with`.

    Attributes:
        keys: The published keys.
        fault: The fault of all answers, from `MENU`; None for none.
        asked: The requested paths, in order.
        configuration: Members that replace those of its discovery document.
        go_on: Clear it to make all answers wait.
    """

    def __init__(self, keys: Sequence[Jwk]) -> None:
        self.keys = list(keys)
        self.fault: str | None = None
        self.asked: list[str] = []
        self.configuration: dict[str, Any] = {}
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._closing = asyncio.Event()
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def issuer(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def jwks_url(self) -> str:
        return f"{self.issuer}/keys"

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        application = web.Application()
        application.router.add_get("/{path:.*}", self._answer)
        self._closing.clear()
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner:
            self._closing.set()
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        await self.go_on.wait()
        documents: dict[str, object] = {
            "/keys": {"keys": self.keys},
            "/.well-known/openid-configuration": {"issuer": self.issuer, "jwks_uri": self.jwks_url}
            | self.configuration,
        }
        if request.path not in documents:
            return web.Response(status=404)
        answer = Answer(json.dumps(documents[request.path]).encode())
        if self.fault is None:
            return answer.response()
        exchange = Exchange(request, f"http://{LOOPBACK}:{self._port}/elsewhere", self._closing).answered(answer)
        try:
            return await MENU[self.fault](exchange, Options(size=1_000_000))
        except ConnectionError:
            return web.Response()
