"""Reads an answer: `{"created", "data": [{"b64_json"}]}`, or `url` instead, for the image that was ordered."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from darkroom.adapters.generators.moderation import REJECTED, says_no
from darkroom.adapters.generators.openai_images.errors import openai_failure
from darkroom.adapters.generators.png_text import seeds_in_text
from darkroom.adapters.generators.seeds import reported_by, reported_in, seed_that_drew
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.images import drawn_image, first_of
from darkroom.adapters.outbound_http.linked_image import LinkedImage
from darkroom.domain.model.errors import Charged, InvalidValue, PromptRejected, UnusableImage
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.money import Money
from darkroom.domain.ports import Receipt

_LONGEST_COST: Final = 40  # characters


def read_answer(answer: Answer, request: GenerationRequest, *, seed_told: bool = False) -> Receipt:
    """Return the receipt for the image, or for the link to it, whichever was requested; `seed_told` is the card's.

    Raises:
        DrawingFailed: there is neither; the subclass gives the reason, `charged` whether money was spent.
    """
    if not answer.is_success:
        raise openai_failure(answer)
    document = answer.document()
    entry = _first(document.get("data"))
    if says_no(entry):
        # None of the providers with this form of refusal documents whether the image is charged.
        raise PromptRejected(REJECTED, charged=Charged.UNKNOWN, evidence=answer.body)
    found, cost = first_of((entry.get("b64_json"), entry.get("url")), index=0), _cost(answer)
    reported = list(reported_in(entry)) or [*_reported_beside(document), *reported_by(answer.headers)]
    if not reported and isinstance(found, bytes):
        reported = list(seeds_in_text(found))  # the only place where stable-diffusion.cpp reports it
    seed = seed_that_drew(reported, next(iter(request.seeds), None), only_reported=seed_told)
    match found:
        case bytes(data):
            return Receipt(images=(drawn_image(request, index=0, seed=seed, data=data, image_id=None),), cost=cost)
        case str(link):
            return Receipt(LinkedImage.of(link, seed).encode(), cost=cost)
        case _:
            raise UnusableImage("the provider's answer holds neither an image nor a link", evidence=answer.body)


def _cost(answer: Answer) -> Money | None:
    """Return the cost that another Darkroom reports in a header; None if it is missing or invalid."""
    text = answer.headers.get("darkroom-cost", "")
    if len(text) > _LONGEST_COST:
        return None
    try:
        return Money.parse(text)
    except InvalidValue:
        return None


def _reported_beside(document: Mapping[str, Any]) -> Iterator[object]:
    """Yield the seeds, unparsed, that an answer reports outside its images."""
    return reported_in({name: value for name, value in document.items() if name != "data"})


def _first(entries: object) -> Mapping[str, Any]:
    """Return the first entry, empty if there is none; surplus images are ignored."""
    entry = entries[0] if isinstance(entries, list) and entries else None
    if isinstance(entry, str):
        return {"url": entry}
    return entry if isinstance(entry, dict) else {}
