"""A watcher that records spans."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Final

from opentelemetry.context import attach, detach
from opentelemetry.trace import SpanKind, Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from darkroom.adapters.watching.ports.watcher import Answered, Call, Headers, Step, Watcher
from darkroom.adapters.watching.trace_context import HEADER, sent_traceparent
from darkroom.adapters.watching.tracing.spans import FAILED, inside, spanned, started
from darkroom.domain.model.generation import Generation

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_SERVERS_FAULT: Final = 500


class TracingWatcher(Watcher):
    """Records spans for requests, generations and calls, in the trace of the request or a new one."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def request(self, headers: Headers) -> Iterator[Answered]:
        traceparent = sent_traceparent(headers)
        token = attach(_PROPAGATOR.extract({HEADER: traceparent} if traceparent else {}))
        try:
            with spanned(self._tracer, "HTTP", kind=SpanKind.SERVER) as span:

                def answered(
                    *, method: str, route: str | None, status: int | None, problem: str | None, seconds: float
                ) -> None:
                    del seconds
                    span.update_name(f"{method} {route or '(no such path)'}")
                    span.set_attribute("http.request.method", method)
                    known = {"http.route": route, "http.response.status_code": status, "error.type": problem}
                    span.set_attributes({name: value for name, value in known.items() if value is not None})
                    if status is None or status >= _SERVERS_FAULT:
                        span.set_status(FAILED)

                yield answered
        finally:
            detach(token)

    @contextmanager
    def generation(self, generation: Generation) -> Iterator[None]:
        about: dict[str, str | int] = {
            "darkroom.generation": generation.id,
            "darkroom.model": generation.request.version.value,
            "darkroom.samples": generation.request.samples,
        }
        with spanned(self._tracer, "generation", about):
            yield

    @contextmanager
    def call(self, call: Call) -> Iterator[Step]:
        if not get_current_span().get_span_context().is_valid:
            yield nullcontext  # outside of a trace: periodic background work would create a trace each time
            return
        name = f"{call.port} {call.name}"
        about = {f"darkroom.{label}": value for label, value in call.about.items()}
        with started(self._tracer, name, about, kind=SpanKind.CLIENT) as span:
            yield lambda: inside(span)
            if call.status is not None:
                span.set_attribute("http.response.status_code", call.status)
