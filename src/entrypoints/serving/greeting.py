"""What `darkroom serve` prints when it is ready."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from shlex import quote
from typing import Final

from darkroom.domain.model.model_card import ModelCard, PixelRange
from darkroom.entrypoints.access_tokens import access_token
from darkroom.entrypoints.example_order import PROMPT, example_side
from darkroom.entrypoints.settings import Settings

_TTL: Final = timedelta(hours=12)  # a day of trying things out


def greeting(settings: Settings, cards: Mapping[str, ModelCard]) -> str:
    """Return the text: where the service is ready; with the development secret, also how to order a first image."""
    return "\n".join(_lines(settings, cards))


def _lines(settings: Settings, cards: Mapping[str, ModelCard]) -> Iterator[str]:
    url = settings.service.public_url
    yield f"Darkroom is ready at {url}"
    if settings.tokens.development:
        token = access_token(settings, subject=settings.tokens.own_subject, ttl=settings.tokens.allowed(_TTL))
        order = json.dumps(_order(next(iter(cards.values()))))
        yield ""
        headers = f"-H 'Authorization: Bearer {token}' -H 'Content-Type: application/json'"
        yield f"curl {url}/api/images {headers} -d {quote(order)}"
        yield ""
        # Browsers do not send the fragment: no server, proxy or log on the way sees the token.
        yield f"Or draw in a browser: {url}/#token={token}"
        yield ""


def _order(card: ModelCard) -> dict[str, object]:
    if card.sizes:
        width, height = card.sizes[0].width, card.sizes[0].height
    else:
        width, height = _side(card.width), _side(card.height)
    return {
        "version": card.version.value,
        "prompt": PROMPT,
        "width": width,
        "height": height,
    }


def _side(pixels: PixelRange) -> int:
    return example_side(pixels.min, pixels.max, pixels.step)
