"""The export of spans."""

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
    """Yield a tracer whose spans are exported from a thread, the last ones at the end of the block.

    Endpoint, sampling and service name come from OpenTelemetry's environment variables (`OTEL_EXPORTER_OTLP_*`,
    `OTEL_TRACES_SAMPLER`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`).
    """
    resource = Resource.create({SERVICE_NAME: "darkroom"}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield provider.get_tracer("darkroom")
    finally:
        await asyncio.to_thread(provider.shutdown)
