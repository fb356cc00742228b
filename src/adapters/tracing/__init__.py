"""Traces by OpenTelemetry: spans around the ports, exported by OTLP over HTTP. Needs the extra `otel`."""

from adapters.tracing.export import open_tracer
from adapters.tracing.watcher import TracingWatcher

__all__ = ["TracingWatcher", "open_tracer"]
