"""OpenTelemetry traces: spans around calls of ports, exported by OTLP over HTTP. Needs the extra `otel`."""

from darkroom.adapters.watching.tracing.export import open_tracer
from darkroom.adapters.watching.tracing.watcher import TracingWatcher

__all__ = ["TracingWatcher", "open_tracer"]
