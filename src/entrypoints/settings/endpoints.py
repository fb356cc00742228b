"""Several endpoints of one kind of provider: `DARKROOM_GENERATORS=openai,openai.azure`.

Each is a generator with its own name and its own settings: `DARKROOM_OPENAI_AZURE_BASE_URL` beside
`DARKROOM_OPENAI_BASE_URL`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, field, fields, make_dataclass, replace
from typing import Annotated, Any, Final, get_args, get_type_hints

from darkroom.entrypoints.settings.generators import GENERATOR_GROUPS
from darkroom.entrypoints.settings.setting import declared_in

_NAME: Final = re.compile(r"[a-z][a-z0-9]{0,31}")


def endpoint_groups(generators: Iterable[str]) -> dict[str, type]:
    """Return a settings group for each generator that is an endpoint, by name: that of its kind, with other names."""
    groups: dict[str, type] = {}
    for name in generators:
        kind, dot, endpoint = name.partition(".")
        if dot and kind in GENERATOR_GROUPS and not list(wrong_endpoints([name])):
            groups[name] = _renamed(GENERATOR_GROUPS[kind], kind, endpoint)
    return groups


def wrong_endpoints(generators: Iterable[str]) -> Iterator[str]:
    """Yield a line for each generator that is named like an endpoint but cannot be one."""
    for name in generators:
        kind, dot, endpoint = name.partition(".")
        if not dot or kind not in GENERATOR_GROUPS:
            continue
        taken = {
            one.setting.name.removeprefix(_prefix(kind)).partition("_")[0]
            for one in declared_in(GENERATOR_GROUPS[kind])
        }
        if not _NAME.fullmatch(endpoint):
            yield f"DARKROOM_GENERATORS: {name!r} must name an endpoint in lower case letters and digits: {kind}.azure"
        elif endpoint.upper() in taken:
            begins = _prefix(kind) + endpoint.upper()
            yield f"DARKROOM_GENERATORS: {name!r} must not be named like a setting that begins with {begins}"


def in_words_of(name: str, line: str) -> str:
    """Return a line with the names of a kind's settings replaced by those of the endpoint `name`."""
    kind, dot, endpoint = name.partition(".")
    return line.replace(_prefix(kind), f"{_prefix(kind)}{endpoint.upper()}_") if dot else line


def base_of(group: type) -> type:
    """Return the group of the kind, from which an endpoint's group was made."""
    return group.__mro__[1]


def _prefix(kind: str) -> str:
    return f"DARKROOM_{kind.upper()}_"


def _renamed(group: type, kind: str, endpoint: str) -> type:
    hints: Mapping[str, Any] = get_type_hints(group, include_extras=True)
    members: list[tuple[str, Any, Any]] = []
    for member in fields(group):
        (setting,) = hints[member.name].__metadata__
        named = replace(setting, name=in_words_of(f"{kind}.{endpoint}", setting.name))
        if member.default is not MISSING:
            default = field(default=member.default)
        elif member.default_factory is not MISSING:
            default = field(default_factory=member.default_factory)
        else:
            default = field()
        members.append((member.name, Annotated[get_args(hints[member.name])[0], named], default))
    namespace = {"__doc__": f"The endpoint {kind}.{endpoint}. {group.__doc__}"}
    return make_dataclass(
        f"{group.__name__}Of{endpoint.title()}", members, bases=(group,), namespace=namespace, frozen=True, kw_only=True
    )
