"""The revisions of the Model Context Protocol that are spoken here, and how a request names its own.

Up to 2025-11-25 a client agrees on one by `initialize` and names it in a header from then on. Since 2026-07-28 each
request carries it, in `params._meta` and in headers that say the same.
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
    """The revision that `initialize` answers with: the one that is asked for, or the newest that it may answer with.

    Raises:
        BrokenProtocol: none is asked for.
    """
    if not isinstance(asked, str):
        raise BrokenProtocol(INVALID_PARAMS, "protocolVersion must be a string")
    return asked if asked in BY_HANDSHAKE else BY_HANDSHAKE[-1]


def needs_no_handshake(headers: Headers, message: Message) -> bool:
    """Whether a request carries its own revision, and says so by its headers; False for one of an earlier revision.

    Raises:
        BrokenProtocol: the revision is not spoken here; or headers and body do not say the same.
    """
    named = _only(headers, VERSION_HEADER)
    meta = message.params.get("_meta", ())
    carried = dict(meta) if isinstance(meta, tuple) else {}
    if named not in BY_REQUEST and VERSION not in carried:
        if named is None or named in BY_HANDSHAKE:
            return False
        raise _unsupported(named)
    if message.id is None:
        return True  # a notification; nothing more is asked of it
    envelope = read_object(meta, "params._meta", INVALID_PARAMS)
    if missing := [name for name in (VERSION, CAPABILITIES) if name not in envelope]:
        raise BrokenProtocol(INVALID_PARAMS, f"params._meta lacks {' and '.join(missing)}")
    _hold_headers(headers, message, {VERSION_HEADER: envelope[VERSION], METHOD_HEADER: message.method})
    if named not in BY_REQUEST:
        raise _unsupported(str(named))
    return True


def headers_for(message: Mapping[str, object], agreed: str | None) -> dict[str, str]:
    """The headers that a client sends a message with; `agreed` is the revision that `initialize` was answered with."""
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
    detail = f"this revision of the protocol is not spoken here: {', '.join(SPOKEN)} are"
    return BrokenProtocol(UNSUPPORTED_PROTOCOL_VERSION, detail, {"supported": list(SPOKEN), "requested": asked})


def _encoded(text: str) -> str:
    """A text as a header's value; what would not come through as it is goes in base64."""
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
