"""A receiver of traces: OTLP over HTTP, decoded with OpenTelemetry's own protobuf definitions."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan

from servers.ports import LOOPBACK


@dataclass(frozen=True, slots=True)
class Span:
    """A received span; ids are hexadecimal, `parent` is empty for a root span, `failed` is taken from its status."""

    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    failed: bool
    service: str

    @classmethod
    def of(cls, sent: SentSpan, service: str) -> Self:
        return cls(
            name=sent.name,
            trace=sent.trace_id.hex(),
            id=sent.span_id.hex(),
            parent=sent.parent_span_id.hex(),
            attributes={one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in sent.attributes},
            failed=sent.status.code == sent.status.STATUS_CODE_ERROR,
            service=service,
        )


@dataclass
class TraceReceiver:
    """Keeps every span that it receives; `raw` holds the received bytes. With `redirect_to` it redirects instead."""

    redirect_to: str | None = None
    redirected: int = 0
    endpoint: str = ""
    spans: list[Span] = field(default_factory=list)
    raw: bytes = b""

    async def receive(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/x-protobuf"
        body = await request.read()
        if self.redirect_to:
            self.redirected += 1
            raise web.HTTPPermanentRedirect(self.redirect_to)
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.raw += body
        for of_service in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = [one.value.string_value for one in of_service.resource.attributes if one.key == "service.name"]
            for scope in of_service.scope_spans:
                self.spans += (Span.of(span, "".join(names)) for span in scope.spans)
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


@asynccontextmanager
async def trace_receiver(redirect_to: str | None = None) -> AsyncIterator[TraceReceiver]:
    """Yield a receiver that listens at its `endpoint`."""
    receiver = TraceReceiver(redirect_to)
    application = web.Application()
    application.router.add_post("/v1/traces", receiver.receive)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, LOOPBACK, 0)
        await site.start()
        receiver.endpoint = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
        yield receiver
    finally:
        await runner.cleanup()
