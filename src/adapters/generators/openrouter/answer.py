"""Reads an answer: `{"data": [{"b64_json", "media_type"?}], "usage"?}` for the image that was ordered."""

from collections.abc import Mapping
from typing import Any

from darkroom.adapters.generators.openrouter.cost import cost_of
from darkroom.adapters.generators.openrouter.errors import error_in, failure_within, openrouter_failure
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.images import drawn_image, first_of
from darkroom.adapters.outbound_http.linked_image import LinkedImage
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.ports import Receipt


def read_answer(answer: Answer, request: GenerationRequest) -> Receipt:
    """Return the receipt for the image, with its cost. The API does not report seeds, so the sent one counts.

    Raises:
        DrawingFailed: there is no image; the subclass gives the reason, `charged` whether money was spent.
    """
    if not answer.is_success:
        raise openrouter_failure(answer)
    entry = _first(answer.document().get("data"))
    image = first_of((entry.get("b64_json"), entry.get("url")), index=0)
    if image is None:
        if error_in(answer):
            raise failure_within(answer)
        raise UnusableImage("the provider's answer holds no image", evidence=answer.body)
    seed, cost = next(iter(request.seeds), None), cost_of(answer)
    if isinstance(image, str):
        return Receipt(LinkedImage.of(image, seed).encode(), cost=cost)
    return Receipt(images=(drawn_image(request, index=0, seed=seed, data=image, image_id=None),), cost=cost)


def _first(entries: object) -> Mapping[str, Any]:
    """Return the first entry, empty if there is none; surplus images are ignored."""
    entry = entries[0] if isinstance(entries, list) and entries else None
    return entry if isinstance(entry, dict) else {}
