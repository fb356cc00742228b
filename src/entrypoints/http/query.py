"""Parameters of the query: each known, each once, and read by a rule of its own."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from darkroom.domain.model.errors import InvalidRequest, InvalidValue, Violation

PARAMETER: Final = "?"
"""Marks a violation's pointer as the name of a parameter of the query."""

TAKES_PARAMETERS: Final = {"takes_parameters": True}
"""The `opt` of a handler that reads the query by itself."""


def read_parameters(query: bytes, readers: Mapping[str, Callable[[str], object]]) -> dict[str, Any]:
    """Read those that are given; `readers` raise `InvalidValue` with the rule that is broken.

    Raises:
        InvalidRequest: naming each that is unknown, given more than once, or breaks its rule.
    """
    given = parse_qsl(query.decode(errors="replace"), keep_blank_values=True)
    times, read, broken = Counter(name for name, _ in given), {}, {}
    for name, text in given:
        if name not in readers:
            broken[name] = "is not a parameter here"
        elif times[name] > 1:
            broken[name] = "is given more than once"
        else:
            try:
                read[name] = readers[name](text)
            except InvalidValue as rule:
                broken[name] = str(rule)
    if broken:
        raise InvalidRequest([Violation(PARAMETER + name, rule) for name, rule in broken.items()])
    return read


async def refuse_parameters(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard: nothing that a caller asks for is dropped in silence; what is open to all takes what links carry."""
    if not handler.opt.get("open_to_all") and not handler.opt.get("takes_parameters"):
        read_parameters(connection.scope["query_string"], {})
