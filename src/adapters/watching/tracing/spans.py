"""Spans, and the `traceparent` of requests that are sent within them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, use_span

from darkroom.adapters.watching.trace_context import within

FAILED: Final = Status(StatusCode.ERROR)


@contextmanager
def started(
    tracer: Tracer, name: str, about: Mapping[str, str | int] | None = None, *, kind: SpanKind = SpanKind.INTERNAL
) -> Iterator[Span]:
    """Yield a span that ends with the block. It records an error's class, not its text, which may quote prompts."""
    span = tracer.start_span(name, kind=kind, attributes=about)
    try:
        yield span
    except Exception as error:
        span.set_status(FAILED)
        span.set_attribute("error.type", type(error).__name__)
        raise
    finally:
        span.end()


@contextmanager
def inside(span: Span) -> Iterator[None]:
    """Make a span the current one within the block: the parent of new spans and of outgoing requests."""
    context = span.get_span_context()
    traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    with use_span(span, record_exception=False, set_status_on_exception=False), within(traceparent):
        yield


@contextmanager
def spanned(
    tracer: Tracer, name: str, about: Mapping[str, str | int] | None = None, *, kind: SpanKind = SpanKind.INTERNAL
) -> Iterator[Span]:
    """Yield a span that ends with the block and is the current one within it: `started` and `inside` together."""
    with started(tracer, name, about, kind=kind) as span, inside(span):
        yield span
