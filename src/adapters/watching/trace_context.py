"""The trace of the current task, for outgoing requests (W3C Trace Context)."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

HEADER: Final = "traceparent"

_current: Final[ContextVar[str | None]] = ContextVar("traceparent", default=None)
# Version, trace id, parent id, flags. Later versions may append fields (W3C Trace Context, 3.2.2).
_IDS: Final = "(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
_TRACEPARENT: Final = re.compile(f"00-{_IDS}|(?!00|ff)[0-9a-f]{{2}}-{_IDS}(?:-[!-~]*)?")


def sent_traceparent(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the `traceparent` of a request; None if it is missing, invalid or not the only one."""
    match [value.decode("latin-1") for name, value in headers if name == HEADER.encode()]:
        case [traceparent] if _TRACEPARENT.fullmatch(traceparent):
            return traceparent
        case _:
            return None


@contextmanager
def within(traceparent: str | None) -> Iterator[None]:
    """Set the trace of the current task within the block, and of tasks that are created in it; None for none."""
    token = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(token)


def trace_headers() -> dict[str, str]:
    """Return the headers that continue the current trace in an outgoing request; empty outside of a trace."""
    traceparent = _current.get()
    return {} if traceparent is None else {HEADER: traceparent}


def trace_id() -> str | None:
    """Return the id of the current trace, in hexadecimal; None outside of a trace."""
    traceparent = _current.get()
    return None if traceparent is None else traceparent.split("-")[1]
