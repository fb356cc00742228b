"""Where spans go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Tracer


@asynccontextmanager
async def open_tracer() -> AsyncIterator[Tracer]:
    """Export spans from a thread of their own, and the last of them at the end of the block.

    Where to, what share of traces and under which name is read from OpenTelemetry's usual variables
    (`OTEL_EXPORTER_OTLP_*`, `OTEL_TRACES_SAMPLER`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`).
    """
    resource = Resource.create({SERVICE_NAME: "darkroom"}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield provider.get_tracer("darkroom")
    finally:
        await asyncio.to_thread(provider.shutdown)
