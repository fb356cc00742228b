"""The URLs of an order in fal's queue: for its status, its result and its cancellation."""

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
    """The URLs as fal gave them; they cannot be built, since they lack parts of the model's path."""

    status_url: str
    response_url: str
    cancel_url: str

    @classmethod
    def read(cls, document: bytes, endpoint: Endpoint) -> Self:
        """Read an order's answer, or a receipt.

        Raises:
            UnusableImage: it names no order, or URLs outside the endpoint's origin, to which the key must not be sent.
        """
        try:
            order = msgspec.convert(read_json(document), cls)
        except msgspec.ValidationError as flaw:
            raise UnusableImage("the answer names no order in the queue", evidence=document) from flaw
        try:
            urls = [_url(text) for text in (order.status_url, order.response_url, order.cancel_url)]
        except LinkRefused as flaw:
            raise UnusableImage("the answer names an order by something that is not a URL", evidence=document) from flaw
        if any(Origin.of(url) != Origin.of(endpoint.url("/")) for url in urls):
            raise UnusableImage("the answer names an address outside the queue, to which our key is not sent")
        return order

    def encode(self) -> bytes:
        """Return it as compact JSON, for a receipt."""
        return msgspec.json.encode(self)


def _url(text: str) -> httpx.URL:
    if len(text) > _LONGEST_URL:
        raise LinkRefused("is too long")
    return read_link(text)
