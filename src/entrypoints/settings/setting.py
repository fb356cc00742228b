"""How a setting is declared, once: its name, how it is read, what it means; its type and default stand beside it.

    port: Annotated[int, Setting("DARKROOM_PORT", whole(0, 65_535), "the port that it listens on")] = 8000

A group of settings is a frozen dataclass of such fields. A field without a default is required.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Final, TypeVar, get_args, get_type_hints

G = TypeVar("G")

SECRET_FILE: Final = "_FILE"  # noqa: S105  # what the name of a variable ends with that names a secret's file

# What Kubernetes sets in each pod for a Service whose name begins with `darkroom`, such as DARKROOM_PORT=tcp://10.0.0.1:80
# ("Accessing the Service", environment variables, in its documentation); Docker's links are alike.
_LINK: Final = re.compile(r"(tcp|udp|sctp)://\S+:[0-9]+")
_LINKED: Final = re.compile(r"(DARKROOM\w*?)_PORT(_[0-9]+_(TCP|UDP|SCTP))?")
_BESIDE: Final = r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)?)"


class InvalidSetting(ValueError):
    """A value that cannot be read; the message says what it must be, never what it is."""


class BadSettings(Exception):
    """Settings are missing or make no sense; each of `problems` names one of them, in a line."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that must not appear in a log or a traceback by accident."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "(secret)"


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable; `read` turns its text into a value, or raises `InvalidSetting`.

    `otherwise` says for people what holds if it is not set, unless the field's default says it. A
    `confidential` value is not repeated in the message that it is wrong. A number with a `least_share` is for all
    workers together: each has a share of it, which is at least so large.
    """

    name: str
    read: Callable[[str], object]
    meaning: str
    otherwise: str | None = None
    confidential: bool = False
    least_share: int | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """A setting and the field that it fills; `default` is what fills it where nothing is set, unless it is required.

    A `secret` may also stand in a file.
    """

    setting: Setting
    field: str
    required: bool
    default: object
    secret: bool

    def told(self, environment: Mapping[str, str]) -> str:
        """What holds here, to be printed: not secrets, nor what takes more than a line."""
        text = _text(self.setting, environment)
        if self.secret and (text or environment.get(self.setting.name + SECRET_FILE)):
            return str(Secret(text))
        if not text:
            return self.setting.otherwise or _told(self.default)
        return str(Secret(text)) if "\n" in text else text


def _told(default: object) -> str:
    if default is None:
        return "none"
    return str(default).lower() if isinstance(default, bool) else str(default)


def declared_in(group: type) -> Iterator[Declared]:
    """Every setting of a group, in the order of its fields."""
    hints = get_type_hints(group, include_extras=True)
    for member in fields(group):
        (setting,) = hints[member.name].__metadata__
        required = member.default is MISSING and member.default_factory is MISSING
        default = None if member.default is MISSING else member.default
        (kind, *_) = get_args(hints[member.name])
        yield Declared(setting, member.name, required, default, secret=Secret in (kind, *get_args(kind)))


def service_links(environment: Mapping[str, str]) -> Sequence[str]:
    """The variables that Kubernetes sets for its Services, by name, without settings that are set by hand."""
    addresses = {
        name: linked[1]
        for name, text in environment.items()
        if _LINK.fullmatch(text.strip()) and (linked := _LINKED.fullmatch(name))
    }
    beside = re.compile(f"({'|'.join(map(re.escape, addresses.values()))}){_BESIDE}")
    by_hand = {f"{service}_PORT" for service in addresses.values()} - addresses.keys()
    return sorted(name for name in environment if addresses and beside.fullmatch(name) and name not in by_hand)


def wrong_values(group: type, environment: Mapping[str, str]) -> Mapping[str, str]:
    """By its name a line for each setting of a group whose value makes no sense, whether the group is in use or not."""
    wrong = {}
    for declared in declared_in(group):
        setting, text = declared.setting, _text(declared.setting, environment)
        if text:
            try:
                setting.read(text)
            except InvalidSetting as rule:
                wrong[setting.name] = f"{setting.name} {rule}" + ("" if setting.confidential else f", not {text!r}")
    return wrong


def missing_values(group: type, environment: Mapping[str, str], *, needed_with: str) -> Iterator[str]:
    """A line for each required setting of a group that is not set; `needed_with` is what brings the group into use."""
    for one in declared_in(group):
        if one.required and not _text(one.setting, environment):
            yield f"{one.setting.name} is missing: with {needed_with} it must be set to {one.setting.meaning}"


def read_group(group: type[G], environment: Mapping[str, str]) -> G:
    """A group as it is set.

    Raises:
        InvalidSetting: there are `wrong_values`.
        TypeError: there are `missing_values`.
    """
    present = ((one, _text(one.setting, environment)) for one in declared_in(group))
    return group(**{one.field: one.setting.read(text) for one, text in present if text})


def _text(setting: Setting, environment: Mapping[str, str]) -> str:
    # Set to nothing is not set: compose files do it. Nor are service links, which clash with names of ports.
    text = environment.get(setting.name, "").strip()
    return "" if setting.name.endswith("_PORT") and _LINK.fullmatch(text) else text
