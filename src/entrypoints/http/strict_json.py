"""A strict reader of JSON (RFC 8259): it accepts no extensions, and keeps repeated names."""

import json
from collections.abc import Iterable, Sequence
from typing import NoReturn

# An object is read as a tuple of these, since a dict would silently keep the last of two equal names.
Member = tuple[str, object]


def read(document: bytes) -> object:
    """Parse a JSON document in UTF-8; an object becomes a tuple of its members, an array a list.

    Raises:
        ValueError: it is not JSON; the message gives the reason and the place, and does not quote the document.
    """
    try:
        text = document.decode()
        if text.startswith("\ufeff"):
            raise ValueError("it begins with a byte order mark")
        return json.loads(text, object_pairs_hook=_members, parse_int=_integer, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}") from None
    except UnicodeEncodeError:
        raise ValueError("a name contains half of a surrogate pair") from None
    except RecursionError:
        raise ValueError("nested too deep") from None


def repeated(members: Iterable[Member]) -> Sequence[str]:
    """Return the names that more than one member has."""
    seen: dict[str, bool] = {}
    for name, _ in members:
        seen[name] = name in seen
    return [name for name, again in seen.items() if again]


def _members(members: list[Member]) -> tuple[Member, ...]:
    for name, _ in members:
        name.encode()  # fails for half a surrogate pair, which an answer could not quote
    return tuple(members)


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # Python limits the digits, since parsing takes quadratic time
        raise ValueError(f"a number of {len(digits)} digits") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
