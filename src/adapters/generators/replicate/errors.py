"""Replicate's error statuses in answer to creating a prediction."""

from http import HTTPStatus
from typing import Final

from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import DrawingFailed, GeneratorRefused, GeneratorUnavailable

_LONGEST_WAIT: Final = 24 * 60 * 60
_REFUSALS: Final = {
    HTTPStatus.UNAUTHORIZED: "it does not know our token",
    HTTPStatus.PAYMENT_REQUIRED: "our account has no credit",
    HTTPStatus.NOT_FOUND: "it does not know the model",
    HTTPStatus.UNPROCESSABLE_ENTITY: "it does not accept the version, or one of the inputs",
}


def replicate_failure(answer: Answer) -> DrawingFailed:
    """Return the error for an answer other than 2xx, by its status; `retry_after` of the body precedes the header."""
    failure = answer.failure()
    if isinstance(failure, GeneratorRefused) and answer.status in _REFUSALS:
        return GeneratorRefused(f"{failure.detail}: {_REFUSALS[HTTPStatus(answer.status)]}")
    if isinstance(failure, GeneratorUnavailable):
        seconds = answer.document().get("retry_after")
        if isinstance(seconds, int | float) and 0 <= seconds <= _LONGEST_WAIT:
            return GeneratorUnavailable(failure.detail, retry_after=max(1, round(seconds)))
    return failure
