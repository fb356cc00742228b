"""Google's errors, and whether each may have been charged."""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import DrawingFailed, GeneratorRefused, GeneratorUnavailable

_DELAY: Final = re.compile(r"([0-9]{1,6})(?:\.[0-9]+)?s")
_LONGEST_WAIT: Final = 24 * 60 * 60
_NOT_SOON: Final = 60 * 60  # seconds: the answer does not say at which hour a daily quota is renewed
_REFUSALS: Final = {
    HTTPStatus.UNAUTHORIZED: "it does not know our key",
    HTTPStatus.FORBIDDEN: "our key may not do that",
    HTTPStatus.NOT_FOUND: "it does not know the model, or has ended it",
}
_REASONS: Final = {
    "API_KEY_INVALID": "it does not know our key",
    "FAILED_PRECONDITION": "our account cannot be billed, or it is not available in our region",
}


def gemini_failure(answer: Answer) -> DrawingFailed:
    """Return the error for an answer other than 2xx: by Google's error object, or by the status if there is none."""
    error = answer.document().get("error")
    if not isinstance(error, dict) or error.get("code") != answer.status or not isinstance(error.get("status"), str):
        return answer.failure()
    match answer.status:
        case HTTPStatus.BAD_REQUEST | HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN | HTTPStatus.NOT_FOUND:
            return _refused(answer, error)
        case HTTPStatus.TOO_MANY_REQUESTS:
            delay = _retry_delay(error)
            detail = "the provider accepts no more requests now" if delay else "the provider's quota is used up"
            return GeneratorUnavailable(detail, retry_after=delay or answer.retry_after or _NOT_SOON)
        case HTTPStatus.INTERNAL_SERVER_ERROR:
            # Documented as not charged; that holds for no other status from 500 on.
            return GeneratorUnavailable("the provider failed, and does not charge for that (HTTP 500)")
        case _:
            return answer.failure()


def _refused(answer: Answer, error: Mapping[str, Any]) -> GeneratorRefused:
    said = [detail.get("reason") for detail in _details(error)] + [error["status"]]
    why = next((_REASONS[reason] for reason in said if isinstance(reason, str) and reason in _REASONS), None)
    why = why or _REFUSALS.get(HTTPStatus(answer.status))
    detail = f"the provider refused the request (HTTP {answer.status})"
    return GeneratorRefused(f"{detail}: {why}" if why else detail)


def _retry_delay(error: Mapping[str, Any]) -> int | None:
    """Return the seconds, from 1 to a day, of `google.rpc.RetryInfo`; None if it is missing or invalid."""
    for detail in _details(error):
        delay = detail.get("retryDelay")
        if str(detail.get("@type")).endswith("google.rpc.RetryInfo") and isinstance(delay, str):
            found = _DELAY.fullmatch(delay)
            return min(max(int(found[1]), 1), _LONGEST_WAIT) if found else None
    return None


def _details(error: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    details = error.get("details")
    return (detail for detail in details if isinstance(detail, dict)) if isinstance(details, list) else iter(())
