"""The id of a request, which appears in its answer, its problem and the log."""

import re
from typing import Any, Final

from litestar.types import Scope

from darkroom.domain.model.identifiers import uuid7
from darkroom.entrypoints.http.headers import Headers, values_of

_KEPT: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def choose_request_id(headers: Headers) -> str:
    """Return the client's `X-Request-ID` if it is 1 to 64 safe characters; else a new id."""
    sent = values_of(headers, b"x-request-id")
    return sent[0] if len(sent) == 1 and _KEPT.fullmatch(sent[0]) else uuid7()


def request_id_of(scope: Scope) -> str:
    """Return the id of the request."""
    state: dict[str, Any] = scope["state"]
    request_id: str = state["request_id"]
    return request_id
