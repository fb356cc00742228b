"""JSON-RPC 2.0 as the Model Context Protocol uses it: one message for each request, no batches."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from msgspec import Struct

from darkroom.domain.model.errors import NothingWasDrawn
from darkroom.entrypoints.http import strict_json
from darkroom.entrypoints.http.errors import MalformedBody

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_PROTOCOL_VERSION: Final = -32022

MessageId = int | str
Json = dict[str, Any]


class Answer(Struct, frozen=True):
    """The answer to a request."""

    id: MessageId
    result: Json
    jsonrpc: str = "2.0"


class BrokenProtocol(NothingWasDrawn):
    """A message breaks the protocol, or asks for something that is not offered; `rpc_code` is the JSON-RPC code.

    `more` holds members that the protocol requires in the error's data, besides the problem.
    """

    code = "invalid-request"

    def __init__(self, rpc_code: int, detail: str, more: Mapping[str, object] | None = None) -> None:
        super().__init__(detail)
        self.rpc_code, self.more = rpc_code, dict(more or {})


@dataclass(frozen=True, slots=True)
class Message:
    """A request, or a notification, whose id is None. Nested objects of `params` are tuples of their members."""

    id: MessageId | None
    method: str
    params: Mapping[str, object]


def read_message(body: bytes) -> Message:
    """Parse a body.

    Raises:
        MalformedBody: it is not JSON.
        BrokenProtocol: it is not a single request or notification.
    """
    try:
        members = strict_json.read(body)
    except ValueError as error:
        raise MalformedBody(f"the body is not JSON: {error}") from error
    if isinstance(members, list):
        raise BrokenProtocol(INVALID_REQUEST, "batches are not accepted: send each message by itself")
    message = read_object(members, "the message", INVALID_REQUEST)
    method = message.get("method")
    if message.get("jsonrpc") != "2.0":
        raise BrokenProtocol(INVALID_REQUEST, 'jsonrpc must be "2.0"')
    if not isinstance(method, str):
        raise BrokenProtocol(INVALID_REQUEST, "method must be a string")
    params = read_object(message.get("params", ()), "params", INVALID_REQUEST)
    if "id" not in message:
        return Message(None, method, params)
    message_id = message["id"]
    if isinstance(message_id, bool) or not isinstance(message_id, int | str):
        raise BrokenProtocol(INVALID_REQUEST, "id must be a string or an integer")
    return Message(message_id, method, params)


def read_object(members: object, name: str, rpc_code: int) -> Mapping[str, object]:
    """Return the members of an object that `strict_json` has parsed; `name` is its name for the error.

    Raises:
        BrokenProtocol: it is not an object, or repeats a name; the error has the code `rpc_code`.
    """
    if not isinstance(members, tuple):
        raise BrokenProtocol(rpc_code, f"{name} must be an object")
    if repeated := strict_json.repeated(members):
        raise BrokenProtocol(rpc_code, f"{name} gives {', '.join(repeated)} more than once")
    return dict(members)
