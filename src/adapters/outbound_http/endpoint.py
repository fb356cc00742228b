"""Where a provider's API is, as the operator says."""

from dataclasses import dataclass, field
from typing import Self

import httpx

from darkroom.domain.model.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A base URL and the key that goes there, empty where there is none.

    The URL may be plain http and private: the operator knows it.
    """

    base_url: str
    api_key: str = field(repr=False)

    @classmethod
    def parse(cls, *, base_url: str, api_key: str | None) -> Self:
        """Read what the operator set; without a key where the provider asks for none.

        Raises:
            InvalidValue: it cannot be used.
        """
        try:
            url = httpx.URL(base_url)
        except httpx.InvalidURL:
            url = httpx.URL()
        if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
            raise InvalidValue("the base URL must be one such as https://api.example.com, without user name or query")
        if api_key is None:
            return cls(base_url.rstrip("/"), api_key="")
        if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
            raise InvalidValue("the API key must be printable ASCII without blanks")
        return cls(base_url.rstrip("/"), api_key)

    @property
    def origin(self) -> str:
        """Its scheme, host and port, as `ImageHosts.parse` takes them."""
        return str(httpx.URL(self.base_url).copy_with(path="/"))

    def url(self, path: str) -> httpx.URL:
        """The URL of one of its resources; `path` begins with a slash."""
        return httpx.URL(self.base_url + path)
