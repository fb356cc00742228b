"""The address and key of a provider's API, from the operator's settings."""

from dataclasses import dataclass, field
from typing import Self

import httpx

from darkroom.domain.model.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A base URL and the API key for it, empty if the provider needs none.

    The URL may be plain http and on a private network, since the operator chose it.
    """

    base_url: str
    api_key: str = field(repr=False)

    @classmethod
    def parse(cls, *, base_url: str, api_key: str | None) -> Self:
        """Read the operator's settings; `api_key` is None if the provider needs none.

        Raises:
            InvalidValue: the URL or the key is unusable.
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
        """Its scheme, host and port, in the form that `ImageHosts.parse` accepts."""
        return str(httpx.URL(self.base_url).copy_with(path="/"))

    def url(self, path: str) -> httpx.URL:
        """Return the URL of a resource; `path` begins with a slash."""
        return httpx.URL(self.base_url + path)
