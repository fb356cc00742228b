"""The body of a request: its media type, its maximum length, and its fields."""

import re
from collections.abc import Collection
from typing import Final

from darkroom.domain.model.errors import InvalidRequest, Violation
from darkroom.domain.model.order import ORDER_FIELDS
from darkroom.entrypoints.http import strict_json
from darkroom.entrypoints.http.auth.authentication import CallerRequest
from darkroom.entrypoints.http.errors import BodyTooLarge, MalformedBody, UnsupportedMediaType
from darkroom.entrypoints.http.headers import values_of

MAX_LENGTH: Final = 64 * 1024  # bytes

_JSON: Final = re.compile(r'application/json\s*(;\s*charset=("utf-8"|utf-8)\s*)?', re.IGNORECASE)


async def read_json(request: CallerRequest) -> bytes:
    """Return the bytes of a body that is declared as JSON.

    Raises:
        UnsupportedMediaType: it is declared as something else, or encoded.
        BodyTooLarge: it is longer than `MAX_LENGTH`; the Content-Length header is not consulted.
        MalformedBody: the client disconnected before all of it had arrived.
    """
    headers = request.scope["headers"]
    declared = values_of(headers, b"content-type")
    if len(declared) != 1 or not _JSON.fullmatch(declared[0].strip()):
        raise UnsupportedMediaType("the body must be declared as application/json")
    if any(coding.lower() != "identity" for coding in values_of(headers, b"content-encoding")):
        raise UnsupportedMediaType("the body must be sent without a content coding")
    body, more = bytearray(), True
    while more:
        message = await request.receive()
        if message["type"] != "http.request":
            raise MalformedBody("the body was cut short")
        body += message["body"]
        if len(body) > MAX_LENGTH:
            raise BodyTooLarge(f"the body must be at most {MAX_LENGTH} bytes long")
        more = message["more_body"]
    return bytes(body)


def decode_fields(body: bytes, known: Collection[str] = ORDER_FIELDS) -> tuple[dict[str, object], list[Violation]]:
    """Return the fields of an order as decoded, and a violation for each of the `known` fields given more than once.

    Raises:
        MalformedBody: it is not JSON.
        InvalidRequest: it is not an object.
    """
    try:
        members = strict_json.read(body)
    except ValueError as error:
        raise MalformedBody(f"the body is not JSON: {error}") from error
    if not isinstance(members, tuple):
        raise InvalidRequest([Violation("", "must be an object")])
    repeated = [name for name in strict_json.repeated(members) if name in known]
    return dict(members), [Violation(f"/{name}", "is given more than once") for name in repeated]
