"""How the text of a setting becomes a value. Each raises `InvalidSetting`, which says what would be right."""

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
    """Any text."""
    return value


def secret(value: str) -> Secret:
    """Any text, never shown."""
    return Secret(value)


def listening_host(value: str) -> str:
    """An address of this machine, or a name that stands for one."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if not re.fullmatch(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", value) or value[-1].isdigit():
            raise InvalidSetting("must be an address or a host's name, such as 127.0.0.1, :: or localhost") from None
    return value


def api_key(value: str) -> Secret:
    """A key that is sent in a header."""
    if not value.isascii() or not value.isprintable() or " " in value:
        raise InvalidSetting("must be printable ASCII without blanks")
    return Secret(value)


def header_name(value: str) -> str:
    """The name of a header (RFC 9110, 5.1)."""
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", value):
        raise InvalidSetting("must be the name of a header, such as api-key")
    return value


def path(value: str) -> Path:
    """A file or folder; `~` is the home of the account that runs the service."""
    rule = "must be a path; if it begins with ~, the account must exist on this machine"
    if "\0" in value:
        raise InvalidSetting(rule)
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise InvalidSetting(rule) from None


def whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """A whole number."""
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
    """A number of worker processes; None for as many as suit the machine."""
    try:
        return None if value == "auto" else whole(1, 256)(value)
    except InvalidSetting as rule:
        raise InvalidSetting(f"{rule}, or auto") from None


def seconds(value: str) -> float:
    """A length of time, up to a day."""
    rule = "must be a number of seconds, more than 0 and at most 86400"
    try:
        number = float(value)
    except ValueError:
        raise InvalidSetting(rule) from None
    if not 0 < number <= timedelta(days=1).total_seconds():  # refuses NaN too
        raise InvalidSetting(rule)
    return number


def days(value: str) -> timedelta:
    """A length of time in whole days, up to a hundred years."""
    return timedelta(days=whole(1, 36_500)(value))


def duration(value: str) -> timedelta:
    """A length of time with its unit, up to a hundred years."""
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
    """Yes or no."""
    if value.lower() not in ("true", "false"):
        raise InvalidSetting("must be true or false")
    return value.lower() == "true"


def one_of(*choices: str) -> Callable[[str], str]:
    """One word out of several."""
    rule = f"must be {', '.join(choices[:-1])} or {choices[-1]}"

    def read(value: str) -> str:
        if value not in choices:
            raise InvalidSetting(rule)
        return value

    return read


def name(value: str) -> str:
    """One word."""
    if not re.fullmatch(r"[A-Za-z0-9._-]+", value):
        raise InvalidSetting("must be one name")
    return value


def names(value: str) -> tuple[str, ...]:
    """Words with commas between them, each once."""
    found = tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
    if not found:
        raise InvalidSetting("must be one name, or several with commas between them")
    return found


def some_of(*choices: str) -> Callable[[str], tuple[str, ...]]:
    """Some of these words with commas between them, or `none`."""

    def read(value: str) -> tuple[str, ...]:
        found = () if value == "none" else names(value)
        if not set(found) <= set(choices):
            raise InvalidSetting(f"must be none, or some of {', '.join(choices)} with commas between them")
        return found

    return read


def claims(value: str) -> tuple[str, ...]:
    """Claims of a token by their names."""
    found = names(value)
    if not all(re.fullmatch(r"[!-~]+", name) for name in found):
        raise InvalidSetting("must be the name of a claim, or several with commas between them, such as scp,roles")
    return found


def audience_claims(value: str) -> tuple[str, ...]:
    """Where the audience of a token stands; `azp` says whom it was made for, and not where it is to be used."""
    found = names(value)
    if found not in (("aud",), ("aud", "client_id")):
        raise InvalidSetting("must be aud, or aud,client_id for tokens without any aud")
    return found


def declared_models(value: str) -> tuple[str, ...]:
    """Models with what is declared of them, with commas between them; `size:width,height` is one word."""
    comma = "\0"
    kept = re.sub(r"(\bsize:[A-Za-z_]\w*),(?=[A-Za-z_]\w*(?:\s|,|$))", rf"\1{comma}", value.replace(comma, " "))
    return tuple(entry.replace(comma, ",") for entry in names(kept))


def byte_count(value: str) -> int:
    """A number of bytes, where wanted with a binary unit."""
    match = re.fullmatch(r"([0-9]{1,15})\s*((?:[kmgt]ib)?)", value.lower())
    if match is None or not int(match[1]):
        raise InvalidSetting("must be a number of bytes, such as 1073741824 or 1GiB")
    return int(match[1]) * _UNITS[match[2]]


def money(value: str) -> Money:
    """An amount and a currency."""
    try:
        return Money.parse(value)
    except InvalidValue as rule:
        raise InvalidSetting(str(rule)) from None


def prices(value: str) -> Mapping[str, Money | MegapixelPrice]:
    """What an image or a megapixel costs, by the model's version, or by that and a size."""
    try:
        return {line: read_price(price) for line, price in _pairs(value, "v2.1=0.02 USD").items()}
    except InvalidValue as rule:
        raise InvalidSetting(str(rule)) from None


def days_of_models(value: str) -> Mapping[str, date]:
    """The last day of models, by their version."""
    try:
        return {version: date.fromisoformat(day) for version, day in _pairs(value, "v2.1=2027-03-31").items()}
    except ValueError as flaw:
        if isinstance(flaw, InvalidSetting):
            raise
        raise InvalidSetting("must be days such as v2.1=2027-03-31") from None


def aliases(value: str) -> Mapping[str, str]:
    """Which model stands behind a version that clients name."""
    return _pairs(value, "v2.1=sdxl-local")


def fallbacks(value: str) -> Mapping[str, tuple[str, ...]]:
    """Which models draw instead of another, in the order in which they are asked."""
    chains = {
        version: tuple(name.strip() for name in names.split("|"))
        for version, names in _pairs(value, "v2.1=sdxl-local|gpt-image-2").items()
    }
    if not all(name for chain in chains.values() for name in chain):
        raise InvalidSetting("must be models with | between them, such as v2.1=sdxl-local|gpt-image-2")
    return chains


def bucket(value: str) -> str:
    """A bucket's name, by the oldest and widest of S3's rules."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,255}", value):
        raise InvalidSetting("must be a bucket's name: letters, digits, dots, hyphens and underscores")
    return value


def region(value: str) -> str:
    """A region's name, which becomes part of a host's."""
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", value):
        raise InvalidSetting("must be a region such as ap-northeast-2")
    return value


def key_prefix(value: str) -> str:
    """What keys begin with: names with slashes between them, none of which a URL or a client would fold away."""
    names = value.removesuffix("/").split("/")
    if not all(re.fullmatch(r"[A-Za-z0-9._-]+", name) and name.strip(".") for name in names):
        raise InvalidSetting("must be names of letters, digits, dots, hyphens and underscores, such as images/")
    return value


def web_url(value: str) -> str:
    """An address that begins with http:// or https://, without a slash at its end."""
    parts = _web_address(value)
    if parts is None or parts.query:
        raise InvalidSetting("must be an address such as https://images.example.com")
    return value.rstrip("/")


def public_url(value: str) -> str:
    """Where clients reach the service, of whose path nothing is folded or escaped on the way."""
    url = web_url(value)
    path = urlsplit(url).path
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", path) or not all(name.strip(".") for name in path.split("/")[1:]):
        raise InvalidSetting("must be an address such as https://example.com/darkroom, with plain names in its path")
    return url


def document_url(value: str) -> str:
    """The address of one document, with its query, where it has one."""
    if _web_address(value) is None:
        raise InvalidSetting("must be an address such as https://id.example.com/.well-known/jwks.json")
    return value


def origins(value: str) -> tuple[str, ...]:
    """Schemes with hosts, as browsers name where a page comes from."""
    found = names(value)
    for origin in found:
        if "/" in web_url(origin).partition("://")[2] or origin.endswith("/"):
            raise InvalidSetting("must be origins such as https://app.example.com, without a path")
    return found


def hosts(value: str) -> tuple[str, ...]:
    """Hosts, hosts with ports, or whole origins."""
    found = names(value)
    for host in found:
        parts = _split(host if "://" in host else f"https://{host}")
        if parts is None or not parts.hostname or parts.path or parts.query or parts.fragment or "@" in host:
            raise InvalidSetting("must be hosts such as cdn.example.com, or origins such as http://127.0.0.1:9001")
    return found


def ledger_url(value: str) -> Secret:
    """Where the ledger is: `sqlite:` and a file, or a PostgreSQL server. It may hold a password."""
    if value.startswith(("sqlite:", "postgresql://", "postgres://")):  # the rest is read when it is connected to
        return Secret(value)
    raise InvalidSetting("must begin with sqlite: or postgresql://")


def pem_of(what: str, *labels: str) -> Callable[[str], str]:
    """PEM text, its line ends also written as in Python or JSON, or the file that it is in."""

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
    """A public key."""
    return pem_of("public key", "PUBLIC KEY", "RSA PUBLIC KEY")(value)


def private_key(value: str) -> Secret:
    """A private key without a password."""
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
        _ = parts.port  # looked at only when asked for
    except ValueError:
        return None
    return parts
