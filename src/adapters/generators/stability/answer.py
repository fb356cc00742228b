"""Reads an answer: `{"image", "seed", "finish_reason"}`, or an error."""

from http import HTTPStatus
from typing import Final

from darkroom.adapters.generators.seeds import reported_by, reported_in, seed_that_drew
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.images import drawn_image, enclosed_or_linked
from darkroom.adapters.outbound_http.linked_image import LinkedImage
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.ports import Receipt

_REFUSALS: Final = {
    HTTPStatus.UNAUTHORIZED: "it does not know our key",
    HTTPStatus.PAYMENT_REQUIRED: "our account has no credits left",
}
_REST: Final = 60  # seconds for which Stability AI refuses a client after too many requests


def read_answer(answer: Answer, request: GenerationRequest) -> Receipt:
    """Return the receipt for the image of a request, or for the link to it.

    Raises:
        DrawingFailed: there is no image; the subclass gives the reason, `charged` whether money was spent.
    """
    if not answer.is_success:
        raise _failure(answer)
    document = answer.document()
    reason = document.get("finish_reason")
    if reason == "CONTENT_FILTERED":
        raise PromptRejected("the provider's moderation blurred the image", charged=Charged.YES)
    image = enclosed_or_linked(document.get("image"), index=0) if reason in ("SUCCESS", None) else None
    if image is None:
        raise UnusableImage("the provider's answer holds no finished image", evidence=answer.body)
    (sent,) = request.seeds
    seed = seed_that_drew([*reported_in(document), *reported_by(answer.headers)], sent)
    if isinstance(image, str):
        return Receipt(LinkedImage.of(image, seed).encode())
    return Receipt(images=(drawn_image(request, index=0, seed=seed, data=image, image_id=None),))


def _failure(answer: Answer) -> DrawingFailed:
    if answer.status == HTTPStatus.FORBIDDEN and answer.document().get("name") == "content_moderation":
        return PromptRejected("the provider's moderation rejected the prompt")
    if answer.status in _REFUSALS:
        return GeneratorRefused(f"the provider refused the request: {_REFUSALS[HTTPStatus(answer.status)]}")
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return GeneratorUnavailable(
            "the provider accepts no more requests now", retry_after=answer.retry_after or _REST
        )
    return answer.failure()
