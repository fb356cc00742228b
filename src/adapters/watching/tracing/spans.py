"""Spans, and the `traceparent` that requests sent within them carry on."""

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
    """A span for the length of the block. Of an error it has the class, not the text, which may quote prompts."""
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
    """What is begun in the block belongs to a span, and carries it on."""
    context = span.get_span_context()
    traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    with use_span(span, record_exception=False, set_status_on_exception=False), within(traceparent):
        yield


@contextmanager
def spanned(
    tracer: Tracer, name: str, about: Mapping[str, str | int] | None = None, *, kind: SpanKind = SpanKind.INTERNAL
) -> Iterator[Span]:
    """Both: a span for the length of the block, and for what is begun in it."""
    with started(tracer, name, about, kind=kind) as span, inside(span):
        yield span
