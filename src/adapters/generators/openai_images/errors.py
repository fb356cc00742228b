"""OpenAI's error codes, and whether each may have been charged.

The codes are documented; that a refusal is free is inferred from its meaning. Another Darkroom behind the same API
reports in `error.charged` whether money was spent. That is read first: the status does not show it, but is chosen to
keep clients from retrying. Other refusals by moderation are recognised in `adapters/generators/moderation.py`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

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

_SPENT: Final = "our account may spend no more"
_REFUSALS: Final = {
    "invalid_api_key": "it does not know our key",
    "unsupported_country_region_territory": "it is not available in our region",
    "model_not_found": "it does not know the model",
    # Some of these have status 429, but waiting does not help.
    "insufficient_quota": _SPENT,
    "credit_balance_exhausted": _SPENT,
    "organization_spend_limit_exceeded": _SPENT,
    "organization_usage_limit_exceeded": _SPENT,
    "project_spend_limit_exceeded": _SPENT,
    "billing_hard_limit_reached": _SPENT,
}
_NOT_NOW: Final = ("rate_limit_exceeded", "slow_down", "server_is_overloaded")
_MODERATION: Final = "moderation_blocked"
_BEFORE_DRAWING: Final = (None, "input")
# Another Darkroom's statuses for an order that was not charged and may succeed later.
_LATER: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)


def openai_failure(answer: Answer) -> DrawingFailed:
    """Return the error for an answer other than 2xx: by the code in its body, or by its status if that is unknown."""
    document = answer.document()
    if told := _darkroom_failure(document, answer):
        return told
    error = document.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if not isinstance(code, str) or not _refuses(answer.status):
        return answer.failure()
    if code == _MODERATION:
        charged = Charged.NO if _stage(error) in _BEFORE_DRAWING else Charged.UNKNOWN
        return PromptRejected("the provider's moderation rejected the prompt, or what came of it", charged=charged)
    if code in _REFUSALS:
        return GeneratorRefused(f"the provider refused the request: {_REFUSALS[code]} ({code})")
    if code in _NOT_NOW:
        detail = f"the provider accepts no more requests now ({code})"
        return GeneratorUnavailable(detail, retry_after=answer.retry_after)
    return answer.failure()


def _darkroom_failure(document: Mapping[str, Any], answer: Answer) -> DrawingFailed | None:
    """Return another Darkroom's error, in the Images API's form or a problem (RFC 9457); None if it is not one."""
    error = document.get("error")
    told = error if isinstance(error, dict) else document
    text, code = told.get("charged"), str(told.get("code") or told.get("type") or "").rpartition("/")[2]
    if text not in tuple(Charged):
        return None
    charged, named = Charged(text), f" ({code})" if code.isascii() and code.replace("-", "").isalnum() else ""
    if code == "prompt-rejected":
        return PromptRejected("the provider's moderation rejected the prompt, or what came of it", charged=charged)
    match charged:
        case Charged.UNKNOWN:
            return OutcomeUnknown(f"the provider does not know the outcome{named}", evidence=answer.body)
        case Charged.YES:
            return UnusableImage(f"the provider was paid but returns no image{named}", evidence=answer.body)
        case _ if answer.status in _LATER or answer.retry_after:
            return GeneratorUnavailable(f"the provider cannot draw now{named}", retry_after=answer.retry_after)
        case _:
            return GeneratorRefused(f"the provider refused the request{named}")


def _refuses(status: int) -> bool:
    return HTTPStatus(400) <= status < HTTPStatus(500) or status == HTTPStatus.SERVICE_UNAVAILABLE


def _stage(error: object) -> object:
    """Return the stage at which moderation refused, such as `input` or `output`; None if there is none."""
    details = error.get("moderation_details") if isinstance(error, dict) else None
    return details.get("moderation_stage") if isinstance(details, dict) else None
