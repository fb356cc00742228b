"""One endpoint of the Images API: where it is, how the key goes there, and what every call says."""

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
    "LiteLLM stands before the provider: where the provider answers 5xx or the connection breaks, it asks up to three "
    "times for one call, and each may be charged; set num_retries and max_retries to 0 for the model there"
)

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")  # RFC 9110, 5.6.2
_QUERY: Final = re.compile(r"[A-Za-z0-9._~%+-]+=[A-Za-z0-9._~%+:-]*(?:&[A-Za-z0-9._~%+-]+=[A-Za-z0-9._~%+:-]*)*")


@dataclass(frozen=True, slots=True)
class ImagesAPI:
    """An endpoint, the headers of every call with the key among them, and its query."""

    endpoint: Endpoint
    headers: Mapping[str, str] = field(repr=False)
    query: str = ""

    @classmethod
    def parse(cls, endpoint: Endpoint, *, key_header: str | None = None, query: str = "") -> Self:
        """Read how the operator set it.

        Raises:
            InvalidValue: the header or the query cannot be sent.
        """
        if key_header is not None and not _HEADER.fullmatch(key_header):
            raise InvalidValue("the header for the key must be a name such as api-key")
        if query and not _QUERY.fullmatch(query):
            raise InvalidValue("the query must be such as api-version=preview")
        key = {key_header: endpoint.api_key} if key_header else {"Authorization": f"Bearer {endpoint.api_key}"}
        # LiteLLM's router asks no more than once, then; its client for the provider still does. Others ignore it.
        headers = {**HEADERS, "Accept": "application/json", "x-litellm-num-retries": "0", **key}
        return cls(endpoint, headers, query)

    @property
    def key_headers(self) -> Mapping[str, str]:
        """What the key goes along in."""
        return {name: value for name, value in self.headers.items() if self.key in value}

    @property
    def key(self) -> str:
        """What no log may show."""
        return self.endpoint.api_key

    def url(self, path: str) -> httpx.URL:
        """The URL of one of its resources; `path` begins with a slash."""
        return self.endpoint.url(f"{path}?{self.query}" if self.query else path)


def is_litellm(answer: Answer) -> bool:
    """Whether an answer came through LiteLLM's proxy, which marks each of its own."""
    return any(name.startswith("x-litellm-") for name in answer.headers)
