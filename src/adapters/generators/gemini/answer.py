"""Reads an answer: a candidate whose parts contain an image, or the reason why there is none."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from darkroom.adapters.generators.gemini.cost import TokenPrices
from darkroom.adapters.generators.gemini.errors import gemini_failure
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.images import drawn_image, first_of
from darkroom.adapters.outbound_http.linked_image import LinkedImage
from darkroom.domain.model.errors import Charged, DrawingFailed, OutcomeUnknown, PromptRejected, UnusableImage
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.ports import Receipt

_WITHHELD: Final = frozenset(
    {
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_OTHER",
        "SAFETY",
        "PROHIBITED_CONTENT",
        "BLOCKLIST",
        "SPII",
        "RECITATION",
        "LANGUAGE",
    }
)
_TALKED: Final = ("STOP", "NO_IMAGE", "MAX_TOKENS", None)


def read_answer(answer: Answer, request: GenerationRequest, prices: TokenPrices | None = None) -> Receipt:
    """Return the receipt for the image of a request, with its cost if `prices` is not None.

    The API does not report seeds, so the sent one counts.

    Raises:
        DrawingFailed: there is no image; the subclass gives the reason, `charged` whether money was spent.
    """
    if not answer.is_success:
        raise gemini_failure(answer)
    document = answer.document()
    candidates = document.get("candidates")
    candidate = _object(candidates[0]) if isinstance(candidates, list) and candidates else {}
    image = first_of(_pictures(candidate), index=0)
    if image is None:
        raise _without_picture(answer, document, candidate)
    seed, cost = next(iter(request.seeds), None), prices.cost(document.get("usageMetadata")) if prices else None
    if isinstance(image, str):
        return Receipt(LinkedImage.of(image, seed).encode(), cost=cost)
    return Receipt(images=(drawn_image(request, index=0, seed=seed, data=image, image_id=None),), cost=cost)


def _pictures(candidate: Mapping[str, Any]) -> Sequence[object]:
    """Return the images of a candidate, the last one first, without thoughts, as which some models send drafts."""
    parts = _object(candidate.get("content")).get("parts")
    pictures = [
        _object(part["inlineData"]).get("data")
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, dict) and "inlineData" in part and part.get("thought") is not True
    ]
    return pictures[::-1]


def _without_picture(answer: Answer, document: Mapping[str, Any], candidate: Mapping[str, Any]) -> DrawingFailed:
    blocked, finished = _object(document.get("promptFeedback")).get("blockReason"), candidate.get("finishReason")
    if not candidate and isinstance(blocked, str):
        return PromptRejected("the provider's moderation rejected the prompt")
    if isinstance(finished, str) and finished in _WITHHELD:
        counted = _object(document.get("usageMetadata")).get("candidatesTokenCount")
        charged = Charged.NO if counted in (None, 0) else Charged.UNKNOWN
        return PromptRejected("the provider's moderation withheld the image", charged=charged, evidence=answer.body)
    if finished in _TALKED:
        return UnusableImage("the model answered without an image", evidence=answer.body)
    return OutcomeUnknown("the model ended without an image, for a reason that is not known here", evidence=answer.body)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
