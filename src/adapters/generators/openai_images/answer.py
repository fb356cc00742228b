"""Reading an answer: `{"created", "data": [{"b64_json"}]}`, or `url` instead, for the one image that was ordered."""

from collections.abc import Mapping
from typing import Any

from darkroom.adapters.generators.moderation import REJECTED, says_no
from darkroom.adapters.generators.openai_images.errors import openai_failure
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.image_hosts import ImageHosts
from darkroom.adapters.outbound_http.images import drawn_image, from_base64
from darkroom.domain.model.errors import Charged, PromptRejected, UnusableImage
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.ports import Receipt


def read_answer(answer: Answer, request: GenerationRequest) -> Receipt:
    """The image, or the link to it: whichever was ordered, what came is taken.

    Raises:
        DrawingFailed: there is neither; the class says why, and what is known of the money.
    """
    if not answer.is_success:
        raise openai_failure(answer)
    entry = _first(answer.document().get("data"))
    if says_no(entry):
        # Whether what moderation filters out is charged for is documented by none who says it so.
        raise PromptRejected(REJECTED, charged=Charged.UNKNOWN, evidence=answer.body)
    text, link = entry.get("b64_json"), entry.get("url")
    if isinstance(text, str) and text:
        return Receipt(images=(the_image(request, from_base64(text, index=0)),))
    if isinstance(link, str) and link.isascii() and 0 < len(link) <= ImageHosts.LONGEST_LINK:
        return Receipt(reference=link.encode())
    raise UnusableImage("the provider's answer holds neither an image nor a link", evidence=answer.body)


def the_image(request: GenerationRequest, data: bytes) -> GeneratedImage:
    """The one image of a request. The API says nothing of its seed: it is the one that was sent."""
    return drawn_image(request, index=0, seed=next(iter(request.seeds), None), data=data, image_id=None)


def _first(entries: object) -> Mapping[str, Any]:
    """More than were ordered are passed over: what was ordered is there."""
    entry = entries[0] if isinstance(entries, list) and entries else None
    return entry if isinstance(entry, dict) else {}
