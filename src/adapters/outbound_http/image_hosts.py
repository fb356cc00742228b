"""The hosts from which a provider's images may be downloaded."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, Self

import httpx

from darkroom.adapters.outbound_http.public_addresses import LinkRefused, is_address, may_be_public
from darkroom.domain.model.errors import InvalidValue

_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|[0-9a-f:.]+:[0-9a-f:.]*")  # a name, or an address
# A name that can be resolved (RFC 1035, 2.3.4, plus the common underscores), with or without the root's dot.
_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.{{1,254}}$)({_LABEL}\.)*{_LABEL}\.?")


class Origin(NamedTuple):
    """Scheme, host (lower case, A-labels) and port of a URL."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> Self:
        """Return the origin of `url`; the default port of a scheme other than http and https is 0."""
        port = _PORTS.get(url.scheme, 0) if url.port is None else url.port
        return cls(url.scheme, url.raw_host.decode("ascii"), port)

    def lies_below(self, domain: Self) -> bool:
        """Return whether its host is a subdomain of `domain`, at any depth, on the same scheme and port."""
        return self.host.endswith(f".{domain.host}") and (self.scheme, self.port) == (domain.scheme, domain.port)


@dataclass(frozen=True, slots=True)
class ImageHosts:
    """The allowed origins: `trusted` ones on any address, `public` ones on public addresses only.

    `below` holds domains whose subdomains are allowed, on public addresses only; the domain itself is not.
    """

    LONGEST_LINK: ClassVar = 8192  # characters: a common limit of servers

    trusted: frozenset[Origin]
    public: frozenset[Origin]
    below: frozenset[Origin] = frozenset()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Read the operator's list.

        `host` and `host:port` mean https on public addresses, and `.domain` all of a domain's subdomains. A full
        origin, such as `http://127.0.0.1:9001`, means exactly that one, private or not.

        Raises:
            InvalidValue: the list is empty, or an entry has another form or can never be reached.
        """
        trusted, public, below = set(), set(), set()
        for entry in entries:
            if "://" in entry:
                trusted.add(_origin(entry, entry))
            elif entry.startswith("."):
                below.add(_domain(entry))
            else:
                public.add(_public_origin(entry))
        if not trusted | public | below:
            raise InvalidValue("must name at least one host")
        return cls(frozenset(trusted), frozenset(public), frozenset(below))

    def allow(self, link: str) -> httpx.URL:
        """Return the URL of `link` if it may be followed.

        Raises:
            LinkRefused: it is not a usable URL, or its origin is not allowed.
        """
        url = read_link(link)
        origin = Origin.of(url)
        if origin not in self.trusted | self.public and not any(origin.lies_below(domain) for domain in self.below):
            raise LinkRefused("names a host that is not allowed")
        return url


def read_link(link: str) -> httpx.URL:
    """Return the URL of `link`, of any host.

    Raises:
        LinkRefused: it is not a URL that could be followed.
    """
    if len(link) > ImageHosts.LONGEST_LINK:
        raise LinkRefused(f"is longer than {ImageHosts.LONGEST_LINK} characters")
    url = _url(link)
    if url is None or not url.raw_host:
        raise LinkRefused("is not a URL")
    host = url.raw_host.decode("ascii")
    if not _NAME.fullmatch(host) and not is_address(host):
        raise LinkRefused("names a host that cannot exist")
    if url.port is not None and not 0 < url.port < 2**16:
        raise LinkRefused("names a port that cannot exist")
    if url.userinfo:
        raise LinkRefused("contains a user name")
    return url


def _url(text: str) -> httpx.URL | None:
    # Characters that httpx would escape are refused: a link is followed exactly as written, since it may be signed.
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        return None
    try:
        return httpx.URL(text)
    except httpx.InvalidURL:
        return None


def _origin(text: str, entry: str) -> Origin:
    url = _url(text)
    if (
        url is None
        or url.scheme not in _PORTS
        or not _HOST.fullmatch(url.raw_host.decode("ascii"))
        or url.userinfo
        or url.raw_path != b"/"
        or url.fragment
        or not 0 < Origin.of(url).port < 2**16
    ):
        raise InvalidValue(f"{entry!r} must be a host, host:port, or an origin such as http://127.0.0.1:9001")
    return Origin.of(url)


def _public_origin(entry: str) -> Origin:
    origin = _origin(f"https://{entry}", entry)
    if not may_be_public(origin.host):
        raise InvalidValue(f"{entry!r} is not a public address: name its full origin, such as https://{entry}")
    return origin


def _domain(entry: str) -> Origin:
    origin = _public_origin(entry.removeprefix("."))
    if "." not in origin.host or ":" in origin.host or origin.host.rpartition(".")[2].isdigit():
        raise InvalidValue(f"{entry!r} must be a domain after its dot, as in .example.com")
    return origin
