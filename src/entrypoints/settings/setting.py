"""Declares settings: each has a name, a parser and a meaning in one place, beside its type and default.

    port: Annotated[int, Setting("DARKROOM_PORT", whole(0, 65_535), "the port that it listens on")] = 8000

A group of settings is a frozen dataclass of such fields. A field without a default is required.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Final, TypeVar, get_args, get_type_hints

G = TypeVar("G")

SECRET_FILE: Final = "_FILE"  # noqa: S105  # the suffix of a variable that names the file of a secret

# What Kubernetes sets in each pod for a Service whose name begins with `darkroom`, such as DARKROOM_PORT=tcp://10.0.0.1:80
# ("Accessing the Service", environment variables, in its documentation); Docker's links are similar.
_LINK: Final = re.compile(r"(tcp|udp|sctp)://\S+:[0-9]+")
_LINKED: Final = re.compile(r"(DARKROOM\w*?)_PORT(_[0-9]+_(TCP|UDP|SCTP))?")
_BESIDE: Final = r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)?)"


class InvalidSetting(ValueError):
    """A value breaks the rule of its setting; the message gives the rule, never the value."""


class BadSettings(Exception):
    """Settings are missing or make no sense; `problems` holds a line for each of them."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that must not appear in logs or tracebacks by accident."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "(secret)"


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable; `read` parses its text, or raises `InvalidSetting`.

    `otherwise` tells people what applies if it is not set, if the field's default does not say so. A `confidential`
    value is not quoted in error messages. A number with a `least_share` is shared among all workers, and each needs at
    least that share.
    """

    name: str
    read: Callable[[str], object]
    meaning: str
    otherwise: str | None = None
    confidential: bool = False
    least_share: int | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """A setting and the field that it fills, with `default` unless it is `required`.

    A `secret` may also be read from a file.
    """

    setting: Setting
    field: str
    required: bool
    default: object
    secret: bool

    def told(self, environment: Mapping[str, str]) -> str:
        """Return the effective value for printing, on one line; `(secret)` for a secret or a text of several lines."""
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
    """Yield every setting of a group, in the order of its fields."""
    hints = get_type_hints(group, include_extras=True)
    for member in fields(group):
        (setting,) = hints[member.name].__metadata__
        required = member.default is MISSING and member.default_factory is MISSING
        default = None if member.default is MISSING else member.default
        (kind, *_) = get_args(hints[member.name])
        yield Declared(setting, member.name, required, default, secret=Secret in (kind, *get_args(kind)))


def service_links(environment: Mapping[str, str]) -> Sequence[str]:
    """Return the names of variables that Kubernetes has set for Services, without settings that were set by hand."""
    addresses = {
        name: linked[1]
        for name, text in environment.items()
        if _LINK.fullmatch(text.strip()) and (linked := _LINKED.fullmatch(name))
    }
    beside = re.compile(f"({'|'.join(map(re.escape, addresses.values()))}){_BESIDE}")
    by_hand = {f"{service}_PORT" for service in addresses.values()} - addresses.keys()
    return sorted(name for name in environment if addresses and beside.fullmatch(name) and name not in by_hand)


def wrong_values(group: type, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return a line for each setting of a group with a wrong value, by name, whether the group is in use or not."""
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
    """Yield a line for each required setting of a group that is not set; `needed_with` is the choice that needs it."""
    for one in declared_in(group):
        if one.required and not _text(one.setting, environment):
            yield f"{one.setting.name} is missing: with {needed_with} it must be set to {one.setting.meaning}"


def read_group(group: type[G], environment: Mapping[str, str]) -> G:
    """Return a group of settings, read from the environment.

    Raises:
        InvalidSetting: there are `wrong_values`.
        TypeError: there are `missing_values`.
    """
    present = ((one, _text(one.setting, environment)) for one in declared_in(group))
    return group(**{one.field: one.setting.read(text) for one, text in present if text})


def _text(setting: Setting, environment: Mapping[str, str]) -> str:
    # An empty variable counts as not set: Compose files set such. So do service links, which clash with port settings.
    text = environment.get(setting.name, "").strip()
    return "" if setting.name.endswith("_PORT") and _LINK.fullmatch(text) else text
