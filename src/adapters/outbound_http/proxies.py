"""Outbound proxies, as the environment names them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.request import getproxies, proxy_bypass

import httpx


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxy for each URL scheme. None at all unless asked for: a proxy changes who sees keys."""

    by_scheme: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_environment(cls) -> Self:
        """Those of `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY`; `NO_PROXY` is asked for each host."""
        named = {scheme: proxy for scheme, proxy in getproxies().items() if scheme in ("http", "https", "all")}
        return cls({scheme: proxy if "://" in proxy else f"http://{proxy}" for scheme, proxy in named.items()})

    def proxy_for(self, url: httpx.URL) -> str | None:
        """The proxy that leads to a URL; None where nothing stands between."""
        proxy = self.by_scheme.get(url.scheme) or self.by_scheme.get("all")
        return None if proxy is None or proxy_bypass(url.host) else proxy

    def addresses(self) -> Iterator[tuple[str, int]]:
        """Host and port of each of them."""
        for proxy in map(httpx.URL, self.by_scheme.values()):
            yield proxy.host, proxy.port or {"https": 443}.get(proxy.scheme, 80)
