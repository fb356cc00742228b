"""Errors in JSON-RPC: the data of an error is our problem, and the status is that of the problem table."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response
from msgspec import Meta, Struct

from darkroom.domain.model.errors import DarkroomError
from darkroom.entrypoints.http.errors import MalformedBody
from darkroom.entrypoints.http.mcp.messages import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    BrokenProtocol,
    MessageId,
)
from darkroom.entrypoints.http.mcp.protected_resource import METADATA
from darkroom.entrypoints.http.problems import AnyRequest, ProblemAnswer, headers_of, problem_answer

MCP: Final = "/mcp"
"""The path of this door."""

_NOT_FOUND: Final = 404
_CHALLENGE: Final = "WWW-Authenticate"


class RpcError(Struct, frozen=True):
    """An error of JSON-RPC."""

    code: Annotated[int, Meta(description="As JSON-RPC and the Model Context Protocol number them.")]
    message: str
    data: Annotated[dict[str, Any], Meta(description="The problem: its type, and whether money was spent.")]


class RpcRefusal(Struct, frozen=True):
    """The answer to a message that failed; `id` is null if the id of the message is not known."""

    id: MessageId | None
    error: RpcError
    jsonrpc: str = "2.0"


def refusal_response(
    request: AnyRequest,
    error: DarkroomError,
    *,
    public_url: str,
    message_id: MessageId | None = None,
    status: int | None = None,
) -> Response[RpcRefusal]:
    """Return the answer to a failed request of this door; `status` replaces that of the problem table if it is set.

    `message_id` is None if the id of the message is not known.
    """
    problem = problem_answer(request, error)
    more = error.more if isinstance(error, BrokenProtocol) else {}
    data = msgspec.to_builtins(problem) | more
    headers = headers_of(error)
    if challenge := headers.get(_CHALLENGE):
        between = ", " if " " in challenge else " "
        headers[_CHALLENGE] = f'{challenge}{between}resource_metadata="{public_url}{METADATA}"'
    refusal = RpcRefusal(message_id, RpcError(_code_of(error, problem), problem.detail, data))
    if status is None:
        # Since 2026-07-28 an unknown method is answered with 404.
        status = _NOT_FOUND if refusal.error.code == METHOD_NOT_FOUND else problem.status
    return Response(refusal, status_code=status, headers=headers)


def _code_of(error: DarkroomError, problem: ProblemAnswer) -> int:
    match error:
        case BrokenProtocol():
            return error.rpc_code
        case MalformedBody():
            return PARSE_ERROR
        case _:
            return INTERNAL_ERROR if problem.status >= 500 else INVALID_REQUEST  # noqa: PLR2004  # RFC 9110, 15.6
