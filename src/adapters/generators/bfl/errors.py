"""BFL's error statuses, and whether each may have been charged."""

from http import HTTPStatus
from typing import Final

from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import DrawingFailed, GeneratorRefused

_REFUSALS: Final = {
    HTTPStatus.UNAUTHORIZED: "it does not know our key",
    HTTPStatus.PAYMENT_REQUIRED: "our account has no credits",
    HTTPStatus.FORBIDDEN: "it does not accept our key",
    HTTPStatus.NOT_FOUND: "it does not know the model",
    HTTPStatus.UNPROCESSABLE_ENTITY: "it does not accept one of the inputs",
}


def bfl_failure(answer: Answer) -> DrawingFailed:
    """Return the error for an order's answer other than 2xx, by its status."""
    failure = answer.failure()
    if isinstance(failure, GeneratorRefused) and answer.status in _REFUSALS:
        return GeneratorRefused(f"{failure.detail}: {_REFUSALS[HTTPStatus(answer.status)]}")
    return failure
