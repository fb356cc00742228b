"""Reads the parameters of the query: only known ones, each at most once, each with its own reader."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from darkroom.domain.model.errors import InvalidRequest, InvalidValue, Violation

PARAMETER: Final = "?"
"""The prefix of a violation's pointer that names a parameter of the query."""

TAKES_PARAMETERS: Final = {"takes_parameters": True}
"""The `opt` of a handler that reads the query itself."""


def read_parameters(query: bytes, readers: Mapping[str, Callable[[str], object]]) -> dict[str, Any]:
    """Return the given parameters, each parsed by its reader, which raises `InvalidValue` for a broken rule.

    Raises:
        InvalidRequest: it names each parameter that is unknown, given more than once, or breaks its rule.
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
    """Guard: refuse query parameters that the handler would ignore.

    Handlers that are open to all accept any, because links may carry foreign parameters.

    Raises:
        InvalidRequest: the handler takes no parameters, and some are given.
    """
    if not handler.opt.get("open_to_all") and not handler.opt.get("takes_parameters"):
        read_parameters(connection.scope["query_string"], {})
