"""OpenAI's error codes, and what each means for money.

The codes are documented; that a refusal costs nothing is inferred from its meaning.
"""

from http import HTTPStatus
from typing import Final

from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import Charged, DrawingFailed, GeneratorRefused, GeneratorUnavailable, PromptRejected

_SPENT: Final = "our account may spend no more"
_REFUSALS: Final = {
    "invalid_api_key": "it does not know our key",
    "unsupported_country_region_territory": "it does not serve where we are",
    "model_not_found": "it does not know the model",
    # Some of these come as 429, and yet waiting does not help.
    "insufficient_quota": _SPENT,
    "credit_balance_exhausted": _SPENT,
    "organization_spend_limit_exceeded": _SPENT,
    "organization_usage_limit_exceeded": _SPENT,
    "project_spend_limit_exceeded": _SPENT,
    "billing_hard_limit_reached": _SPENT,
}
_NOT_NOW: Final = ("rate_limit_exceeded", "slow_down", "server_is_overloaded")
_MODERATION: Final = ("moderation_blocked", "content_policy_violation")
_BEFORE_DRAWING: Final = (None, "input")


def openai_failure(answer: Answer) -> DrawingFailed:
    """What an answer other than 2xx says: by the code in its body, and without one that is known by its status."""
    error = answer.document().get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if not isinstance(code, str) or not _refuses(answer.status):
        return answer.failure()
    if code in _MODERATION:
        charged = Charged.NO if _stage(error) in _BEFORE_DRAWING else Charged.UNKNOWN
        return PromptRejected("the provider's moderation rejected the prompt, or what came of it", charged=charged)
    if code in _REFUSALS:
        return GeneratorRefused(f"the provider refused the request: {_REFUSALS[code]} ({code})")
    if code in _NOT_NOW:
        detail = f"the provider takes no more requests now ({code})"
        return GeneratorUnavailable(detail, retry_after=answer.retry_after)
    return answer.failure()


def _refuses(status: int) -> bool:
    return HTTPStatus(400) <= status < HTTPStatus(500) or status == HTTPStatus.SERVICE_UNAVAILABLE


def _stage(error: object) -> object:
    """When moderation said no: `input`, `output` or `unknown`; None where it does not say."""
    details = error.get("moderation_details") if isinstance(error, dict) else None
    return details.get("moderation_stage") if isinstance(details, dict) else None
