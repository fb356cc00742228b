"""This door's part of the OpenAPI document."""

from typing import Final

from darkroom.entrypoints.http.contract.openapi_parts import PARAMETERS, Json, answer, operation, schema
from darkroom.entrypoints.http.mcp.messages import Answer
from darkroom.entrypoints.http.mcp.protected_resource import METADATA, ProtectedResource
from darkroom.entrypoints.http.mcp.refusals import MCP, RpcRefusal
from darkroom.entrypoints.http.mcp.revisions import BY_HANDSHAKE, BY_REQUEST, VERSION_HEADER
from darkroom.entrypoints.http.mcp.tools import TOOLS

SHOWN: Final = (Answer, ProtectedResource, RpcRefusal)
"""The types that need a schema in the document."""

_REFUSED: Final = {
    400: "The message does not follow the protocol, or its revision is not supported here.",
    401: "An access token is required.",
    403: "The token does not allow the tool, or the page of this origin may not call.",
    404: f"Since {BY_REQUEST[0]}: the method is not offered.",
    413: "The message is too long.",
    415: "The message is not declared as JSON.",
    500: "A fault of the service.",
    503: "Tokens cannot be checked now.",
}
_MESSAGE: Final = {
    "type": "object",
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "id": {"type": ["string", "integer"], "description": "Left out in notifications."},
        "method": {"type": "string"},
        "params": {"type": "object"},
    },
    "required": ["jsonrpc", "method"],
    "examples": [{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}],
}


def paths() -> Json:
    """Return the operations of this door, by path."""
    return {MCP: {"post": _message()}, METADATA: {"get": _protected_resource()}}


def _message() -> Json:
    handshakes = " and ".join(BY_HANDSHAKE)
    answered = answer(
        "The answer. What goes wrong in a tool is a result whose `isError` is true.",
        {"anyOf": [schema("Answer"), schema("RpcRefusal")]},
    )
    return {
        "operationId": "answer_mcp",
        "summary": "Answer an agent that speaks the Model Context Protocol",
        "description": f"Streamable HTTP, without sessions and answered in JSON; revisions {handshakes}, and "
        f"{BY_REQUEST[0]}, which wants further headers. The tools: {', '.join(f'`{name}`' for name in TOOLS)}. "
        "`draw_image` takes the fields of an order, and `key` for its idempotency key.",
        "parameters": [
            {
                "name": VERSION_HEADER,
                "in": "header",
                "description": "The revision that `initialize` was answered with.",
                "schema": {"enum": list(BY_HANDSHAKE)},
            },
            *({"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS),
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _MESSAGE}}},
        "responses": {
            "200": answered,
            "202": answer("A notification has come."),
            **{str(status): answer(text, schema("RpcRefusal")) for status, text in _REFUSED.items()},
        },
    }


def _protected_resource() -> Json:
    return operation(
        "show_protected_resource",
        "Say who makes the tokens for agents",
        {200: answer("The metadata of RFC 9728.", schema("ProtectedResource"))},
        open_to_all=True,
    )
