"""An endpoint of the Images API: its URL, the headers with the key, and the query of every call."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import httpx

from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.domain.model.errors import InvalidValue

PAYS_AGAIN: Final = (
    "LiteLLM is in front of the provider: if the provider answers 5xx or the connection breaks, it sends one call up "
    "to three times, and each may be charged; set num_retries and max_retries to 0 for the model there"
)

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")  # RFC 9110, 5.6.2
_QUERY: Final = re.compile(r"[A-Za-z0-9._~%+-]+=[A-Za-z0-9._~%+:-]*(?:&[A-Za-z0-9._~%+-]+=[A-Za-z0-9._~%+:-]*)*")


@dataclass(frozen=True, slots=True)
class ImagesAPI:
    """An endpoint, with the headers, including the key, and the query of every call."""

    endpoint: Endpoint
    headers: Mapping[str, str] = field(repr=False)
    query: str = ""

    @classmethod
    def parse(cls, endpoint: Endpoint, *, key_header: str | None = None, query: str = "") -> Self:
        """Read the operator's settings; the key is a Bearer token if `key_header` is None.

        Raises:
            InvalidValue: the header or the query is invalid.
        """
        if key_header is not None and not _HEADER.fullmatch(key_header):
            raise InvalidValue("the header for the key must be a name such as api-key")
        if query and not _QUERY.fullmatch(query):
            raise InvalidValue("the query must be such as api-version=preview")
        key = {key_header: endpoint.api_key} if key_header else {"Authorization": f"Bearer {endpoint.api_key}"}
        # With this header, LiteLLM's router does not retry; its client for the provider still does. Others ignore it.
        headers = {**HEADERS, "Accept": "application/json", "x-litellm-num-retries": "0", **key}
        return cls(endpoint, headers, query)

    @property
    def key_headers(self) -> Mapping[str, str]:
        """The headers that contain the key."""
        return {name: value for name, value in self.headers.items() if self.key in value}

    @property
    def key(self) -> str:
        """The API key, which must not appear in logs."""
        return self.endpoint.api_key

    def url(self, path: str) -> httpx.URL:
        """Return the URL of a resource, with the query; `path` begins with a slash."""
        return self.endpoint.url(f"{path}?{self.query}" if self.query else path)


def is_litellm(answer: Answer) -> bool:
    """Return whether an answer came through LiteLLM's proxy, which adds headers of its own to each."""
    return any(name.startswith("x-litellm-") for name in answer.headers)
