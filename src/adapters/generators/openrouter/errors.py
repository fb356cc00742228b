"""OpenRouter's errors, and whether each may have been charged."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from darkroom.adapters.generators.openrouter.cost import cost_of
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)

_REFUSALS: Final = {
    HTTPStatus.UNAUTHORIZED: "it does not know our key",
    HTTPStatus.PAYMENT_REQUIRED: "our account has no credits left",
    HTTPStatus.FORBIDDEN: "our key may not do that",
    HTTPStatus.NOT_FOUND: "it does not know the model, or no maker offers it",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the request is too long",
}
_MODERATED: Final = "the provider's moderation rejected the prompt"


def openrouter_failure(answer: Answer) -> DrawingFailed:
    """Return the error for an answer other than 2xx."""
    error = error_in(answer)
    if answer.status == HTTPStatus.FORBIDDEN and _moderated(error):
        return PromptRejected(_MODERATED)
    failure = answer.failure()
    if isinstance(failure, GeneratorRefused) and answer.status in _REFUSALS:
        return GeneratorRefused(f"{failure.detail}: {_REFUSALS[HTTPStatus(answer.status)]}")
    return failure


def failure_within(answer: Answer) -> DrawingFailed:
    """Return the error for a 2xx answer that contains one: only its cost shows whether the maker has drawn."""
    error, cost = error_in(answer), cost_of(answer)
    paid = bool(cost.amount) if cost else None
    if error.get("code") == HTTPStatus.FORBIDDEN and _moderated(error):
        return PromptRejected(_MODERATED, charged={True: Charged.YES, False: Charged.NO, None: Charged.UNKNOWN}[paid])
    detail = f"the provider failed after it had taken the request (error {_code(error)})"
    if paid is None:
        return OutcomeUnknown(detail, evidence=answer.body)
    return UnusableImage(detail, evidence=answer.body) if paid else GeneratorUnavailable(detail)


def error_in(answer: Answer) -> Mapping[str, Any]:
    """Return the error object in an answer; empty if there is none."""
    error = answer.document().get("error")
    return error if isinstance(error, dict) else {}


def _moderated(error: Mapping[str, Any]) -> bool:
    metadata = error.get("metadata")
    return isinstance(metadata, dict) and ("reasons" in metadata or "flagged_input" in metadata)


def _code(error: Mapping[str, Any]) -> str:
    code = error.get("code")
    return str(code) if type(code) is int else "without a code"
