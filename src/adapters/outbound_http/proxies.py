"""Outbound proxies from the environment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.request import getproxies, proxy_bypass

import httpx


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxy's URL for each URL scheme; empty by default, since a plain-http proxy sees API keys."""

    by_scheme: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_environment(cls) -> Self:
        """Read `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY`; `proxy_for` respects `NO_PROXY`."""
        named = {scheme: proxy for scheme, proxy in getproxies().items() if scheme in ("http", "https", "all")}
        return cls({scheme: proxy if "://" in proxy else f"http://{proxy}" for scheme, proxy in named.items()})

    def proxy_for(self, url: httpx.URL) -> str | None:
        """Return the URL of the proxy for `url`; None for a direct connection."""
        proxy = self.by_scheme.get(url.scheme) or self.by_scheme.get("all")
        return None if proxy is None or proxy_bypass(url.host) else proxy

    def addresses(self) -> Iterator[tuple[str, int]]:
        """Yield the host and port of each proxy."""
        for proxy in map(httpx.URL, self.by_scheme.values()):
            yield proxy.host, proxy.port or {"https": 443}.get(proxy.scheme, 80)
