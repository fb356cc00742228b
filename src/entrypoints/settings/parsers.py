"""Parsers of settings: each returns a value, or raises `InvalidSetting` with the rule that the text breaks."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.money import Money
from darkroom.domain.model.price import MegapixelPrice, read_price
from darkroom.entrypoints.settings.setting import InvalidSetting, Secret

_UNITS = {"": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def text(value: str) -> str:
    """Return any text as it is."""
    return value


def secret(value: str) -> Secret:
    """Return any text as a secret."""
    return Secret(value)


def listening_host(value: str) -> str:
    """Parse an IP address, or a host name that may stand for one."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if not re.fullmatch(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", value) or value[-1].isdigit():
            raise InvalidSetting("must be an address or a host's name, such as 127.0.0.1, :: or localhost") from None
    return value


def api_key(value: str) -> Secret:
    """Parse a key that is sent in a header: printable ASCII without blanks."""
    if not value.isascii() or not value.isprintable() or " " in value:
        raise InvalidSetting("must be printable ASCII without blanks")
    return Secret(value)


def header_name(value: str) -> str:
    """Parse the name of a header (RFC 9110, 5.1)."""
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", value):
        raise InvalidSetting("must be the name of a header, such as api-key")
    return value


def path(value: str) -> Path:
    """Parse the path of a file or folder; `~` is the home of the account that runs the service."""
    rule = "must be a path; if it begins with ~, the account must exist on this machine"
    if "\0" in value:
        raise InvalidSetting(rule)
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise InvalidSetting(rule) from None


def whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """Return a parser of whole numbers from `low` to `high`, both included; None is unlimited."""
    rule = f"must be a whole number from {low} to {high}" if high is not None else f"must be a whole number from {low}"

    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", value):
            raise InvalidSetting(rule)
        number = int(value)
        if number < low or (high is not None and number > high):
            raise InvalidSetting(rule)
        return number

    return read


def workers(value: str) -> int | None:
    """Parse a number of worker processes; None for `auto`."""
    try:
        return None if value == "auto" else whole(1, 256)(value)
    except InvalidSetting as rule:
        raise InvalidSetting(f"{rule}, or auto") from None


def seconds(value: str) -> float:
    """Parse a number of seconds, more than 0 and at most a day."""
    rule = "must be a number of seconds, more than 0 and at most 86400"
    try:
        number = float(value)
    except ValueError:
        raise InvalidSetting(rule) from None
    if not 0 < number <= timedelta(days=1).total_seconds():  # also refuses NaN
        raise InvalidSetting(rule)
    return number


def days(value: str) -> timedelta:
    """Parse a number of whole days, up to a hundred years."""
    return timedelta(days=whole(1, 36_500)(value))


def duration(value: str) -> timedelta:
    """Parse a duration with a unit (s, m, h or d), up to a hundred years."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd])", value)
    rule = "must be a whole number of seconds, minutes, hours or days, from 1s on, such as 12h or 7d"
    if not found or not int(found[1]):
        raise InvalidSetting(rule)
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[found[2]]
    length = timedelta(**{unit: int(found[1])})
    if length > timedelta(days=36_500):
        raise InvalidSetting(rule)
    return length


def flag(value: str) -> bool:
    """Parse `true` or `false`."""
    if value.lower() not in ("true", "false"):
        raise InvalidSetting("must be true or false")
    return value.lower() == "true"


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a parser of one of these words."""
    rule = f"must be {', '.join(choices[:-1])} or {choices[-1]}"

    def read(value: str) -> str:
        if value not in choices:
            raise InvalidSetting(rule)
        return value

    return read


def name(value: str) -> str:
    """Parse a single word of letters, digits, dots, hyphens and underscores."""
    if not re.fullmatch(r"[A-Za-z0-9._-]+", value):
        raise InvalidSetting("must be one name")
    return value


def names(value: str) -> tuple[str, ...]:
    """Parse words separated by commas; duplicates are dropped."""
    found = tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
    if not found:
        raise InvalidSetting("must be one name, or several with commas between them")
    return found


def some_of(*choices: str) -> Callable[[str], tuple[str, ...]]:
    """Return a parser of some of these words, separated by commas; `none` is empty."""

    def read(value: str) -> tuple[str, ...]:
        found = () if value == "none" else names(value)
        if not set(found) <= set(choices):
            raise InvalidSetting(f"must be none, or some of {', '.join(choices)} with commas between them")
        return found

    return read


def claims(value: str) -> tuple[str, ...]:
    """Parse names of claims, separated by commas."""
    found = names(value)
    if not all(re.fullmatch(r"[!-~]+", name) for name in found):
        raise InvalidSetting("must be the name of a claim, or several with commas between them, such as scp,roles")
    return found


def audience_claims(value: str) -> tuple[str, ...]:
    """Parse the claims that hold the audience of a token.

    `azp` is not accepted: it names the client that the token was made for, not the service that it is for.
    """
    found = names(value)
    if found not in (("aud",), ("aud", "client_id")):
        raise InvalidSetting("must be aud, or aud,client_id for tokens without any aud")
    return found


def declared_models(value: str) -> tuple[str, ...]:
    """Parse declarations of models, separated by commas; the comma in `size:width,height` does not separate."""
    comma = "\0"
    kept = re.sub(r"(\bsize:[A-Za-z_]\w*),(?=[A-Za-z_]\w*(?:\s|,|$))", rf"\1{comma}", value.replace(comma, " "))
    return tuple(entry.replace(comma, ",") for entry in names(kept))


def byte_count(value: str) -> int:
    """Parse a number of bytes, optionally with a binary unit such as MiB."""
    match = re.fullmatch(r"([0-9]{1,15})\s*((?:[kmgt]ib)?)", value.lower())
    if match is None or not int(match[1]):
        raise InvalidSetting("must be a number of bytes, such as 1073741824 or 1GiB")
    return int(match[1]) * _UNITS[match[2]]


def money(value: str) -> Money:
    """Parse an amount with its currency."""
    try:
        return Money.parse(value)
    except InvalidValue as rule:
        raise InvalidSetting(str(rule)) from None


def prices(value: str) -> Mapping[str, Money | MegapixelPrice]:
    """Parse prices of an image or a megapixel, by version, or by version and size."""
    try:
        return {line: read_price(price) for line, price in _pairs(value, "v2.1=0.02 USD").items()}
    except InvalidValue as rule:
        raise InvalidSetting(str(rule)) from None


def days_of_models(value: str) -> Mapping[str, date]:
    """Parse the last days of models, by version."""
    try:
        return {version: date.fromisoformat(day) for version, day in _pairs(value, "v2.1=2027-03-31").items()}
    except ValueError as flaw:
        if isinstance(flaw, InvalidSetting):
            raise
        raise InvalidSetting("must be days such as v2.1=2027-03-31") from None


def aliases(value: str) -> Mapping[str, str]:
    """Parse aliases: the version of a model by the name that callers use."""
    return _pairs(value, "v2.1=sdxl-local")


def fallbacks(value: str) -> Mapping[str, tuple[str, ...]]:
    """Parse fallbacks: by version, the models that draw instead, in order."""
    chains = {
        version: tuple(name.strip() for name in names.split("|"))
        for version, names in _pairs(value, "v2.1=sdxl-local|gpt-image-2").items()
    }
    if not all(name for chain in chains.values() for name in chain):
        raise InvalidSetting("must be models with | between them, such as v2.1=sdxl-local|gpt-image-2")
    return chains


def bucket(value: str) -> str:
    """Parse the name of a bucket, by the oldest and most permissive of S3's rules."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,255}", value):
        raise InvalidSetting("must be a bucket's name: letters, digits, dots, hyphens and underscores")
    return value


def region(value: str) -> str:
    """Parse the name of a region, which becomes part of a host name."""
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", value):
        raise InvalidSetting("must be a region such as ap-northeast-2")
    return value


def key_prefix(value: str) -> str:
    """Parse a prefix of keys: names separated by slashes. Clients would remove `.` and `..` from URLs: not accepted."""
    names = value.removesuffix("/").split("/")
    if not all(re.fullmatch(r"[A-Za-z0-9._-]+", name) and name.strip(".") for name in names):
        raise InvalidSetting("must be names of letters, digits, dots, hyphens and underscores, such as images/")
    return value


def web_url(value: str) -> str:
    """Parse a URL with http or https and without a query; slashes at its end are removed."""
    parts = _web_address(value)
    if parts is None or parts.query:
        raise InvalidSetting("must be an address such as https://images.example.com")
    return value.rstrip("/")


def public_url(value: str) -> str:
    """Parse the URL of the service; its path must not need escaping, nor contain `.` or `..`."""
    url = web_url(value)
    path = urlsplit(url).path
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", path) or not all(name.strip(".") for name in path.split("/")[1:]):
        raise InvalidSetting("must be an address such as https://example.com/darkroom, with plain names in its path")
    return url


def document_url(value: str) -> str:
    """Parse the URL of a document, which may have a query."""
    if _web_address(value) is None:
        raise InvalidSetting("must be an address such as https://id.example.com/.well-known/jwks.json")
    return value


def origins(value: str) -> tuple[str, ...]:
    """Parse origins as browsers send them, separated by commas: scheme and host, without a path."""
    found = names(value)
    for origin in found:
        if "/" in web_url(origin).partition("://")[2] or origin.endswith("/"):
            raise InvalidSetting("must be origins such as https://app.example.com, without a path")
    return found


def hosts(value: str) -> tuple[str, ...]:
    """Parse hosts, hosts with ports, or whole origins, separated by commas."""
    found = names(value)
    for host in found:
        parts = _split(host if "://" in host else f"https://{host}")
        if parts is None or not parts.hostname or parts.path or parts.query or parts.fragment or "@" in host:
            raise InvalidSetting("must be hosts such as cdn.example.com, or origins such as http://127.0.0.1:9001")
    return found


def ledger_url(value: str) -> Secret:
    """Parse the URL of the ledger: `sqlite:` and a file, or a PostgreSQL server. It may contain a password."""
    if value.startswith(("sqlite:", "postgresql://", "postgres://")):  # the rest is parsed when it is opened
        return Secret(value)
    raise InvalidSetting("must begin with sqlite: or postgresql://")


def pem_of(what: str, *labels: str) -> Callable[[str], str]:
    r"""Return a parser of PEM text with one of these labels, or of the path of a file with it.

    Line ends may be written as `\n`. `what` names the text in messages.
    """

    def read(value: str) -> str:
        if not value.startswith("-----BEGIN"):
            try:
                value = path(value).read_text(encoding="ascii").strip()
            except (OSError, UnicodeDecodeError) as fault:
                raise InvalidSetting(f"must be a {what} as PEM text, or a file that holds one") from fault
        if not value.startswith(tuple(f"-----BEGIN {label}-----" for label in labels)):
            raise InvalidSetting(f"must be a {what} that begins with -----BEGIN {labels[0]}-----")
        return value.replace("\\n", "\n")

    return read


def pem(value: str) -> str:
    """Parse a public key in PEM."""
    return pem_of("public key", "PUBLIC KEY", "RSA PUBLIC KEY")(value)


def private_key(value: str) -> Secret:
    """Parse a private key in PEM, without a password."""
    return Secret(pem_of("private key", "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY")(value))


def _pairs(value: str, example: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
    found = {name.strip(): meaning.strip() for name, _, meaning in pairs}
    if not pairs or len(found) != len(pairs) or not all(name and meaning for name, meaning in found.items()):
        raise InvalidSetting(f"must be pairs such as {example}, with commas between them, each name once")
    return found


def _web_address(value: str) -> SplitResult | None:
    parts = _split(value)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return None if parts.username is not None or parts.fragment else parts


def _split(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises ValueError for a bad port, which is parsed only on access
    except ValueError:
        return None
    return parts
