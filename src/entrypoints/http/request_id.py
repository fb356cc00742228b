"""The name of one request, in its answer, its problem and the log."""

import re
from typing import Any, Final

from litestar.types import Scope

from darkroom.domain.model.identifiers import uuid7
from darkroom.entrypoints.http.headers import Headers, values_of

_KEPT: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def choose_request_id(headers: Headers) -> str:
    """The client's own `X-Request-ID`, if it can be repeated as it is; else a new one."""
    sent = values_of(headers, b"x-request-id")
    return sent[0] if len(sent) == 1 and _KEPT.fullmatch(sent[0]) else uuid7()


def request_id_of(scope: Scope) -> str:
    """The request's id."""
    state: dict[str, Any] = scope["state"]
    request_id: str = state["request_id"]
    return request_id
