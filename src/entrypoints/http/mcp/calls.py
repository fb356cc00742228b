"""Calls of tools, and their arguments."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

from darkroom.domain.model.errors import InvalidRequest, InvalidValue, Violation
from darkroom.domain.model.limits import Caller
from darkroom.entrypoints.http.auth.authentication import CallerRequest
from darkroom.entrypoints.http.services import Services

T = TypeVar("T")

Read = Callable[[object], object]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool, with its decoded arguments; `held` is closed once the answer was sent."""

    request: CallerRequest
    services: Services
    arguments: Mapping[str, object]
    held: AsyncExitStack

    @property
    def caller(self) -> Caller:
        """The caller."""
        return self.request.user


def string(read: Callable[[str], T]) -> Callable[[object], T]:
    """Return a reader that passes strings to `read`, and raises `InvalidValue` for anything else."""

    def checked(value: object) -> T:
        if not isinstance(value, str):
            raise InvalidValue("must be a string")
        return read(value)

    return checked


def read_arguments(
    given: Mapping[str, object],
    *,
    required: Mapping[str, Read] | None = None,
    optional: Mapping[str, Read] | None = None,
) -> dict[str, Any]:
    """Return the given arguments, each parsed by its reader, which raises `InvalidValue` for a broken rule.

    An argument that is null counts as left out.

    Raises:
        InvalidRequest: it names each argument that is unknown, missing, or breaks its rule.
    """
    required = required or {}
    readers, read, broken = {**required, **(optional or {})}, {}, {}
    for name, value in given.items():
        if name not in readers:
            broken[name] = "is not an argument of this tool"
        elif value is not None:
            try:
                read[name] = readers[name](value)
            except InvalidValue as rule:
                broken[name] = str(rule)
    broken |= {name: "is required" for name in required if given.get(name) is None}
    if broken:
        raise InvalidRequest([Violation(f"/{name}", rule) for name, rule in broken.items()])
    return read
