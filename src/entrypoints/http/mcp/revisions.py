"""The supported revisions of the Model Context Protocol, and how a request names its revision.

Up to 2025-11-25 client and server agree on one by `initialize`, and each later request names it in a header. Since
2026-07-28 each request names it in `params._meta`, and repeats it in a header.
"""

import base64
import re
from collections.abc import Mapping
from typing import Final

from darkroom.entrypoints.http.headers import Headers, values_of
from darkroom.entrypoints.http.mcp.messages import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    UNSUPPORTED_PROTOCOL_VERSION,
    BrokenProtocol,
    Message,
    read_object,
)

BY_HANDSHAKE: Final = ("2025-06-18", "2025-11-25")
BY_REQUEST: Final = ("2026-07-28",)
SPOKEN: Final = (*BY_HANDSHAKE, *BY_REQUEST)

VERSION_HEADER: Final = "MCP-Protocol-Version"
METHOD_HEADER: Final = "Mcp-Method"
NAME_HEADER: Final = "Mcp-Name"

VERSION: Final = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES: Final = "io.modelcontextprotocol/clientCapabilities"
SERVER: Final = "io.modelcontextprotocol/serverInfo"

_ENCODED: Final = re.compile(r"=\?base64\?(.*)\?=")
_PLAIN: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")


def agreed_on(asked: object) -> str:
    """Return the revision that `initialize` answers with: the requested one if supported, else the newest possible.

    Raises:
        BrokenProtocol: no revision is requested.
    """
    if not isinstance(asked, str):
        raise BrokenProtocol(INVALID_PARAMS, "protocolVersion must be a string")
    return asked if asked in BY_HANDSHAKE else BY_HANDSHAKE[-1]


def needs_no_handshake(headers: Headers, message: Message) -> bool:
    """Return whether a request names its own revision, as since 2026-07-28; False for earlier revisions.

    Raises:
        BrokenProtocol: the revision is not supported, or headers and body contradict each other.
    """
    named = _only(headers, VERSION_HEADER)
    meta = message.params.get("_meta", ())
    carried = dict(meta) if isinstance(meta, tuple) else {}
    if named not in BY_REQUEST and VERSION not in carried:
        if named is None or named in BY_HANDSHAKE:
            return False
        raise _unsupported(named)
    if message.id is None:
        return True  # a notification: its headers need not be checked
    envelope = read_object(meta, "params._meta", INVALID_PARAMS)
    if missing := [name for name in (VERSION, CAPABILITIES) if name not in envelope]:
        raise BrokenProtocol(INVALID_PARAMS, f"params._meta lacks {' and '.join(missing)}")
    _hold_headers(headers, message, {VERSION_HEADER: envelope[VERSION], METHOD_HEADER: message.method})
    if named not in BY_REQUEST:
        raise _unsupported(str(named))
    return True


def headers_for(message: Mapping[str, object], agreed: str | None) -> dict[str, str]:
    """Return the headers with which a client sends a message.

    `agreed` is the revision that `initialize` was answered with; None before that.
    """
    params = message.get("params")
    params = params if isinstance(params, dict) else {}
    meta = params.get("_meta")
    version = meta.get(VERSION) if isinstance(meta, dict) else None
    if not isinstance(version, str):
        return {VERSION_HEADER: agreed} if agreed else {}
    headers = {VERSION_HEADER: version, METHOD_HEADER: str(message.get("method"))}
    name = params.get("name")
    return {name: _encoded(str(text)) for name, text in (headers | ({NAME_HEADER: name} if name else {})).items()}


def _hold_headers(headers: Headers, message: Message, said: Mapping[str, object]) -> None:
    if message.method == "tools/call" and "name" in message.params:
        said = {**said, NAME_HEADER: message.params["name"]}
    for name, value in said.items():
        if _decoded(_only(headers, name)) != value:
            raise BrokenProtocol(HEADER_MISMATCH, f"the header {name} does not say what the body says")


def _only(headers: Headers, name: str) -> str | None:
    match values_of(headers, name.lower().encode()):
        case []:
            return None
        case [value]:
            return value
        case _:
            raise BrokenProtocol(HEADER_MISMATCH, f"the header {name} must be sent once")


def _unsupported(asked: str) -> BrokenProtocol:
    detail = f"this revision of the protocol is not supported here: {', '.join(SPOKEN)} are"
    return BrokenProtocol(UNSUPPORTED_PROTOCOL_VERSION, detail, {"supported": list(SPOKEN), "requested": asked})


def _encoded(text: str) -> str:
    """Encode a text as the value of a header: in base64 if it is not printable ASCII without blanks at the ends."""
    if _PLAIN.fullmatch(text) and not _ENCODED.fullmatch(text):
        return text
    return f"=?base64?{base64.b64encode(text.encode(errors='replace')).decode()}?="


def _decoded(value: str | None) -> str | None:
    encoded = _ENCODED.fullmatch(value) if value else None
    if encoded is None:
        return value
    try:
        return base64.b64decode(encoded[1], validate=True).decode()
    except ValueError:
        return None
