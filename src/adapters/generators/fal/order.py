"""An order as it waits in fal's queue: where it is asked about, fetched and taken back."""

from typing import Final, Self

import httpx
import msgspec

from darkroom.adapters.outbound_http.answer import read_json
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.image_hosts import Origin, read_link
from darkroom.adapters.outbound_http.public_addresses import LinkRefused
from darkroom.domain.model.errors import UnusableImage

_LONGEST_URL: Final = 2048  # characters


class FalOrder(msgspec.Struct, frozen=True):
    """The URLs as fal gave them: they are not built, since a model's path does not stand in them as it was ordered."""

    status_url: str
    response_url: str
    cancel_url: str

    @classmethod
    def read(cls, document: bytes, endpoint: Endpoint) -> Self:
        """Read an answer, or a receipt.

        Raises:
            UnusableImage: it names no order, or places that the key must not go to.
        """
        try:
            order = msgspec.convert(read_json(document), cls)
        except msgspec.ValidationError as flaw:
            raise UnusableImage("the answer names no order in the queue", evidence=document) from flaw
        try:
            urls = [_url(text) for text in (order.status_url, order.response_url, order.cancel_url)]
        except LinkRefused as flaw:
            raise UnusableImage("the answer names an order by what is not a URL", evidence=document) from flaw
        if any(Origin.of(url) != Origin.of(endpoint.url("/")) for url in urls):
            raise UnusableImage("the answer names a place outside the queue, which our key does not go to")
        return order

    def encode(self) -> bytes:
        """Compact JSON, as a receipt."""
        return msgspec.json.encode(self)


def _url(text: str) -> httpx.URL:
    if len(text) > _LONGEST_URL:
        raise LinkRefused("is too long")
    return read_link(text)
