"""Reading an answer: `{"image", "seed", "finish_reason"}`, or an error."""

from http import HTTPStatus
from typing import Final

from darkroom.adapters.generators.seeds import reported_by, reported_in, seed_that_drew
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.images import from_base64
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest

_REFUSALS: Final = {
    HTTPStatus.UNAUTHORIZED: "it does not know our key",
    HTTPStatus.PAYMENT_REQUIRED: "our account has no credits left",
}
_REST: Final = 60  # seconds that Stability AI turns away whoever asked too often


def read_answer(answer: Answer, request: GenerationRequest) -> GeneratedImage:
    """The one image of a request.

    Raises:
        DrawingFailed: there is none; the class says why, and what is known of the money.
    """
    if not answer.is_success:
        raise _failure(answer)
    document = answer.document()
    text, reason = document.get("image"), document.get("finish_reason")
    if reason == "CONTENT_FILTERED":
        raise PromptRejected("the provider's moderation blurred the image", charged=Charged.YES)
    if not isinstance(text, str) or not text or reason not in ("SUCCESS", None):
        raise UnusableImage("the provider's answer holds no finished image", evidence=answer.body)
    (sent,) = request.seeds
    seed = seed_that_drew([*reported_in(document), *reported_by(answer.headers)], sent)
    return GeneratedImage(index=0, seed=seed, data=from_base64(text, index=0))


def _failure(answer: Answer) -> DrawingFailed:
    if answer.status == HTTPStatus.FORBIDDEN and answer.document().get("name") == "content_moderation":
        return PromptRejected("the provider's moderation rejected the prompt")
    if answer.status in _REFUSALS:
        return GeneratorRefused(f"the provider refused the request: {_REFUSALS[HTTPStatus(answer.status)]}")
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return GeneratorUnavailable("the provider takes no more requests now", retry_after=answer.retry_after or _REST)
    return answer.failure()
