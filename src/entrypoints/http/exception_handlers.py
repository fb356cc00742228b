"""Every exception becomes a problem: what the house says, what the framework says, and what nobody foresaw."""

import logging
from typing import Final

from litestar import Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.types import ExceptionHandlersMap

from darkroom.domain.model.errors import DarkroomError, InvalidRequest, NotFound, Violation
from darkroom.entrypoints.http.auth.authentication import access_of
from darkroom.entrypoints.http.errors import Internal, MethodNotAllowed
from darkroom.entrypoints.http.methods import allow
from darkroom.entrypoints.http.problems import AnyRequest, ProblemAnswer, problem_response
from darkroom.entrypoints.http.request_id import request_id_of

log = logging.getLogger(__name__)


def tell_known(request: AnyRequest, error: DarkroomError) -> Response[ProblemAnswer]:
    """Answer what went wrong in the house, or at its door."""
    return problem_response(request, error)


def tell_framework(request: AnyRequest, error: HTTPException) -> Response[ProblemAnswer]:
    """Answer what the framework refused before any handler of ours was asked."""
    try:
        if not request.scope.get("path_template"):
            access_of(request.scope)  # what was not routed has met no guard
    except DarkroomError as refusal:
        return problem_response(request, refusal)
    return problem_response(request, _translated(error))


def tell_unforeseen(request: AnyRequest, error: Exception) -> Response[ProblemAnswer]:
    """Answer a fault of ours with nothing but the request's id, under which it is in the log."""
    request_id = request_id_of(request.scope)
    log.error("a request failed inside", exc_info=error, extra={"request_id": request_id})
    return problem_response(request, Internal("a fault inside the service; its operator finds it by the request id"))


def _translated(error: HTTPException) -> DarkroomError:
    match error:
        case NotFoundException():
            return NotFound("there is nothing at this address")
        case MethodNotAllowedException():
            return MethodNotAllowed(allow((error.headers or {}).get("allow", "").split(", ")))
        case _:
            return InvalidRequest([Violation("Host", "must name a host")])


EXCEPTION_HANDLERS: Final[ExceptionHandlersMap] = {
    DarkroomError: tell_known,
    HTTPException: tell_framework,
    Exception: tell_unforeseen,
}
