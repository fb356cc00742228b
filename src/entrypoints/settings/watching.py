"""Settings of metrics and traces."""

from dataclasses import dataclass
from typing import Annotated

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchingSettings:
    """Metrics and traces. Traces need the extra `otel`; all of OpenTelemetry's own variables apply to them."""

    metrics_port: Annotated[
        int | None,
        Setting(
            "DARKROOM_METRICS_PORT",
            read.whole(1, 65_535),
            "the port of a separate listener for Prometheus metrics, for all workers together",
            "off",
        ),
    ] = None
    metrics_host: Annotated[
        str | None,
        Setting(
            "DARKROOM_METRICS_HOST", read.listening_host, "the address of that listener", "the same as DARKROOM_HOST"
        ),
    ] = None
    otlp_endpoint: Annotated[
        str | None,
        Setting(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            read.web_url,
            "the address to which spans are sent, by OTLP over HTTP",
            "no traces",
        ),
    ] = None
