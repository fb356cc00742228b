"""The trace that the task at hand belongs to, as requests to the outside carry it on (W3C Trace Context)."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

HEADER: Final = "traceparent"

_current: Final[ContextVar[str | None]] = ContextVar("traceparent", default=None)
# Version, trace id, id of the parent, flags. A later version may say more behind these (W3C Trace Context, 3.2.2).
_IDS: Final = "(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
_TRACEPARENT: Final = re.compile(f"00-{_IDS}|(?!00|ff)[0-9a-f]{{2}}-{_IDS}(?:-[!-~]*)?")


def sent_traceparent(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The `traceparent` that a request was sent with; None where it is none, or not the only one."""
    match [value.decode("latin-1") for name, value in headers if name == HEADER.encode()]:
        case [traceparent] if _TRACEPARENT.fullmatch(traceparent):
            return traceparent
        case _:
            return None


@contextmanager
def within(traceparent: str | None) -> Iterator[None]:
    """Belong to a trace for the length of the block, and so do all tasks that are begun in it."""
    token = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(token)


def trace_headers() -> dict[str, str]:
    """What a request to the outside is to carry besides its own headers."""
    traceparent = _current.get()
    return {} if traceparent is None else {HEADER: traceparent}


def trace_id() -> str | None:
    """The name of the trace; None outside of any."""
    traceparent = _current.get()
    return None if traceparent is None else traceparent.split("-")[1]
