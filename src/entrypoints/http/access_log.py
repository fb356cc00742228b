"""The access log: one line for each request, without prompts, tokens or query strings."""

import logging
from typing import Final

from darkroom.domain.model.limits import Caller

log: Final = logging.getLogger("darkroom.entrypoints.http.auth.access")


def write(
    *,
    method: str,
    route: str | None,
    status: int | None,
    problem: str | None,
    milliseconds: float,
    request_id: str,
    caller: Caller | None,
) -> None:
    """Log one request.

    `route` is the template of the path; None for an unknown path. `status` is None if nothing was answered. `problem`
    is the slug of the problem type; None if the answer is not a problem. `caller` is None without a valid token.
    """
    log.info(
        "request",
        extra={
            "method": method,
            "route": route,
            "status": status,
            "problem": problem,
            "ms": round(milliseconds, 1),
            "request_id": request_id,
            "caller": caller.subject if caller else None,
        },
    )
