"""Turns every exception into a problem: Darkroom's own, the framework's, and any other."""

import logging

from litestar import Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.types import ExceptionHandlersMap

from darkroom.domain.model.errors import DarkroomError, InvalidRequest, NotFound, Violation
from darkroom.entrypoints.http.auth.authentication import access_of
from darkroom.entrypoints.http.errors import Internal, MethodNotAllowed
from darkroom.entrypoints.http.images_api import refusals as images_api_refusals
from darkroom.entrypoints.http.images_api.refusals import OFFERED, RefusalAnswer, is_below
from darkroom.entrypoints.http.mcp import refusals as mcp_refusals
from darkroom.entrypoints.http.mcp.refusals import MCP, RpcRefusal
from darkroom.entrypoints.http.methods import allow
from darkroom.entrypoints.http.problems import AnyRequest, ProblemAnswer, problem_response
from darkroom.entrypoints.http.request_id import request_id_of

log = logging.getLogger(__name__)


Told = Response[ProblemAnswer] | Response[RefusalAnswer] | Response[RpcRefusal]


def exception_handlers(*, images_api: bool, mcp_of: str | None) -> ExceptionHandlersMap:
    """Return the handlers that turn exceptions into answers.

    With `images_api`, requests below `/v1` are answered in OpenAI's format. `mcp_of` is the public URL of the service
    if the door at `/mcp` is open, whose requests are answered in JSON-RPC; else None.
    """

    def told(request: AnyRequest, error: DarkroomError) -> Told:
        """Answer with an error of ours, in the format of the door."""
        if at_v1(request):
            return images_api_refusals.refusal_response(request, error)
        if mcp_of is not None and request.scope["path"].rstrip("/") == MCP:
            return mcp_refusals.refusal_response(request, error, public_url=mcp_of)
        return problem_response(request, error)

    def of_framework(request: AnyRequest, error: HTTPException) -> Told:
        """Answer with an error that the framework raised before a handler of ours was called."""
        try:
            if not request.scope.get("path_template"):
                access_of(request.scope)  # no guard has run: the request matches no route
        except DarkroomError as refusal:
            return told(request, refusal)
        if isinstance(error, NotFoundException) and at_v1(request):
            return told(request, NotFound(f"of OpenAI's API, this is what is offered here: {OFFERED}"))
        return told(request, _translated(error))

    def unforeseen(request: AnyRequest, error: Exception) -> Told:
        """Log a fault of ours, and answer with nothing but the request id under which it is logged."""
        request_id = request_id_of(request.scope)
        log.error("a request failed with an internal error", exc_info=error, extra={"request_id": request_id})
        return told(request, Internal("a fault inside the service; its operator finds it by the request id"))

    def at_v1(request: AnyRequest) -> bool:
        return images_api and is_below(request.scope["path"])

    return {DarkroomError: told, HTTPException: of_framework, Exception: unforeseen}


def _translated(error: HTTPException) -> DarkroomError:
    match error:
        case NotFoundException():
            return NotFound("there is nothing at this address")
        case MethodNotAllowedException():
            return MethodNotAllowed(allow((error.headers or {}).get("allow", "").split(", ")))
        case _:
            return InvalidRequest([Violation("Host", "must name a host")])
