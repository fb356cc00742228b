"""Connection URLs as in libpq: https://www.postgresql.org/docs/current/libpq-connect.html.

asyncpg knows only some of libpq's parameters, and sends others to the server as startup parameters, which poolers
refuse. So the URL is parsed here: the driver gets the parameters that it knows, session settings are made after
connecting, and parameters that cannot be honoured are refused by name.
"""

import logging
import os
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlencode

from darkroom.adapters.postgres.password_file import password_in
from darkroom.domain.model.errors import InvalidValue

log = logging.getLogger(__name__)

Server = tuple[str | None, int | None]

_HOST: Final = r"(?:\[[0-9A-Fa-f:.%]+\]|[\w.%-]*)(?::[0-9]{0,5})?"
_AFTER_USER: Final = re.compile(
    rf"(?P<hosts>{_HOST}(?:,{_HOST})*)(?:/(?P<database>[^/?#@]*))?(?:\?(?P<parameters>.*))?", re.DOTALL
)
_FORM: Final = (
    "must be like postgresql://USER:PASSWORD@HOST:PORT/DATABASE?NAME=VALUE; percent-encode special characters in "
    "the password, or set the password separately from the URL"
)

# Passed to the driver in a URL.
_DRIVERS: Final = frozenset(
    {
        *("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "sslnegotiation"),
        *("ssl_min_protocol_version", "ssl_max_protocol_version", "service", "krbsrvname", "gsslib"),
    }
)
_ONE_OF: Final = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "gsslib": ("gssapi", "sspi"),
}
# Handled here: server, role, database and session settings.
_OURS: Final = frozenset(
    {
        *("host", "hostaddr", "port", "user", "password", "passfile", "dbname", "database"),
        *("application_name", "fallback_application_name", "options", "connect_timeout", "client_encoding"),
        *("target_session_attrs", "channel_binding", "gssencmode", "require_auth", "requirepeer", "replication"),
    }
)
# Accepted but ignored: Darkroom probes its connections itself, and the driver lacks what the others tune.
_WITHOUT_EFFECT: Final = frozenset(
    {
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"),
        *("sslcompression", "sslsni", "sslcertmode", "gssdelegation", "load_balance_hosts", "pgbouncer"),
        *("min_protocol_version", "max_protocol_version", "sslcrldir", "sslkeylogfile"),
    }
)
_KNOWN: Final = _DRIVERS | _OURS | _WITHOUT_EFFECT
_TAKES_WRITES: Final = ("any", "read-write", "primary")
_OPTION: Final = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)=((?:\\.|[^\\\s])*)(?:\s+|$)")


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A database, at one server or at several of which one accepts writes.

    `servers` are hosts (or folders of sockets, which begin with a slash) and ports; None is the driver's default.
    `driver` has the parameters for the driver, `settings` those for the session. `connect_timeout` is in seconds; None
    if not set.
    """

    servers: tuple[Server, ...]
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: str | None = None
    database: str | None = None
    driver: Mapping[str, str] = field(default_factory=dict, repr=False)  # it may hold `sslpassword`
    settings: Mapping[str, str] = field(default_factory=dict)
    connect_timeout: float | None = None

    @classmethod
    def parse(cls, url: str, password: str | None = None) -> "PostgresAddress":
        """Parse a URL; `password`, if given, overrides the one in it.

        Raises:
            InvalidValue: the URL cannot be parsed or honoured. The message names the parameter, never its value.
        """
        reading = next(_readings(url), None)
        if reading is None:
            raise InvalidValue(_FORM)
        user, rest = reading
        name, _, in_url = (unquote(part) for part in user.partition(":"))
        given = _parameters(rest["parameters"] or "")
        _refuse_what_cannot_be_kept(given)
        if ignored := sorted(given.keys() & _WITHOUT_EFFECT):
            log.info("the URL of the database sets %s, which has no effect here", ", ".join(ignored))
        timeout = _whole("connect_timeout", given.get("connect_timeout", "0"))
        return cls(
            servers=tuple(_servers(rest["hosts"], given)),
            user=given.get("user") or name or None,
            password=password or given.get("password") or in_url or None,
            password_file=given.get("passfile"),
            database=given.get("dbname") or given.get("database") or unquote(rest["database"] or "") or None,
            driver={name: value for name, value in given.items() if name in _DRIVERS},
            settings=dict(_settings(given)),
            connect_timeout=float(timeout) if timeout > 0 else None,
        )

    def password_for(self, server: Server) -> str | None:
        """Return the password for a server: the given one, else from the password file.

        None if there is none, or if the driver is to find it, in `PGPASSWORD` or a service file.
        """
        user = self.user or os.environ.get("PGUSER")
        if self.password or not user or "PGPASSWORD" in os.environ or "service" in self.driver:
            return self.password
        database = self.database or os.environ.get("PGDATABASE") or user
        return password_in(self.password_file, host=server[0], port=server[1], database=database, user=user)

    @property
    def names(self) -> str:
        """The servers, for messages."""
        return ", ".join(_shown(host, port) for host, port in self.servers)

    @property
    def driver_url(self) -> str:
        """A URL with only the parameters that the driver handles."""
        parameters = {name: value for name, value in self.driver.items() if self.ssl is None or name[:3] != "ssl"}
        return f"postgresql://?{urlencode(parameters, quote_via=quote)}" if parameters else "postgresql://"

    @property
    def ssl(self) -> ssl.SSLContext | None:
        """The TLS context for `sslrootcert=system`, with the system's authorities, which the driver lacks; or None."""
        return ssl.create_default_context() if self.driver.get("sslrootcert") == "system" else None


def _readings(url: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield the possible parses of a URL, most plausible first: user and password, and the match of the rest.

    A password may contain any character, also unescaped `@`, `/` and `#`, if the URL can then be parsed. A parse whose
    parameters are all known comes before one with unknown parameters: messages name those, so no part of a password
    may be among them.
    """
    scheme, _, text = url.partition("://")
    if scheme not in ("postgresql", "postgres"):
        return
    ends = [None, *(place for place, character in enumerate(text) if character == "@")]
    later = []
    for end in ends:
        user, rest = ("", text) if end is None else (text[:end], text[end + 1 :])
        if match := _AFTER_USER.fullmatch(rest):
            if _parameter_names(match["parameters"] or "") <= _KNOWN:
                yield user, match
            elif "@" not in rest:
                later.append((user, match))
    yield from later


def _parameter_names(text: str) -> set[str]:
    return {unquote(pair.partition("=")[0]) for pair in text.split("&") if pair}


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in text.split("&"):
        if pair:
            name, equals, value = (unquote(part) for part in pair.partition("="))
            if not equals or "\0" in value:
                raise InvalidValue(f"must give {name if name in _KNOWN else 'each parameter'} a value: NAME=VALUE")
            if value:
                found[name] = value
    return found


def _refuse_what_cannot_be_kept(given: Mapping[str, str]) -> None:
    for name, choices in _ONE_OF.items():
        if name in given and given[name] not in choices:
            raise InvalidValue(f"must set {name} to {', '.join(choices[:-1])} or {choices[-1]}")
    if given.get("target_session_attrs", "any") not in _TAKES_WRITES:
        raise InvalidValue("must set target_session_attrs to read-write, primary or any: the ledger is written to")
    if given.get("channel_binding") == "require" and given.get("sslmode") != "verify-full":
        raise InvalidValue(
            "must not set channel_binding=require, which the driver does not know, without sslmode=verify-full, which "
            "protects from the same attack (sslrootcert=system names the system's certificate authorities)"
        )
    if given.get("sslrootcert") == "system" and given.get("sslmode", "verify-full") != "verify-full":
        raise InvalidValue("must set sslmode=verify-full with sslrootcert=system")
    if given.get("gssencmode") == "require":
        raise InvalidValue("must not set gssencmode=require, which the driver does not know: use TLS (sslmode)")
    if given.get("client_encoding", "UTF8").upper().replace("-", "") not in ("UTF8", "UNICODE", "AUTO"):
        raise InvalidValue("must leave client_encoding at UTF8")
    for name in ("require_auth", "requirepeer", "replication"):
        if name in given:
            raise InvalidValue(f"must not set {name}, which the driver does not know")


def _servers(hosts: str, given: Mapping[str, str]) -> Iterator[Server]:
    places = [_server(host) for host in hosts.split(",")]
    if named := given.get("host") or given.get("hostaddr"):
        places = [(host, None) for host in named.split(",")]
    ports = [_port(port) for port in given["port"].split(",")] if "port" in given else [None]
    if len(ports) not in (1, len(places)):
        raise InvalidValue("must name one port for all hosts, or one for each")
    for number, (host, port) in enumerate(places):
        yield host or None, port or ports[number if len(ports) > 1 else 0]


def _server(text: str) -> Server:
    host, port = re.fullmatch(r"(\[.*\]|[^:]*):?([0-9]*)", text).groups()  # type: ignore[union-attr]  # as in `_HOST`
    return unquote(host.strip("[]")) or None, _port(port)


def _port(text: str) -> int | None:
    if not text:
        return None
    number = _whole("port", text)
    if not 1 <= number <= 65_535:  # noqa: PLR2004  # of TCP
        raise InvalidValue("must name ports from 1 to 65535")
    return number


def _whole(name: str, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise InvalidValue(f"must set {name} to a whole number")
    return int(text)


def _settings(given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the session's settings: those in `options`, the application name, and parameters that libpq lacks."""
    options = given.get("options", "").strip()
    place = 0
    while place < len(options):
        option = _OPTION.match(options, place)
        if option is None:
            raise InvalidValue("must contain only -c NAME=VALUE in options")
        yield option[1].replace("-", "_"), re.sub(r"\\(.)", r"\1", option[2])
        place = option.end()
    yield "application_name", given.get("application_name") or given.get("fallback_application_name") or "darkroom"
    for name, value in given.items():
        if name not in _KNOWN:
            yield name, value


def _shown(host: str | None, port: int | None) -> str:
    shown = "the default server" if host is None else f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if port else shown
