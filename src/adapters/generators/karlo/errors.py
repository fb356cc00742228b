"""Karlo's error codes, and whether each may have been charged.

The codes are documented by Kakao; which of them precede the charge is inferred from their meaning.
"""

from typing import Final

from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import DrawingFailed, GeneratorRefused, GeneratorUnavailable, OutcomeUnknown

_REFUSALS: Final = {
    -2: "it reports a parameter that is missing, of the wrong type or out of range",
    -3: "the feature is not switched on",
    -4: "our account is sanctioned",
    -5: "we have no permission",
    -6: "the service is not allowed",
    -8: "it reports a malformed header",
    -9: "it has ended",
    -11: "our account is sanctioned",
    -12: "the call is not allowed",
    -401: "it does not know our key",
    -903: "it does not know our app",
}
_NOT_NOW: Final = {-10: "its quota is used up", -9798: "it is closed for maintenance"}
_TROUBLE: Final = {-1: "it had an internal error", -7: "it had an internal error", -603: "it had an internal timeout"}


def karlo_failure(code: int, answer: Answer) -> DrawingFailed:
    """Return the error for an error code; the outcome of an undocumented one is unknown."""
    if code in _REFUSALS:
        return GeneratorRefused(f"the provider refused the request: {_REFUSALS[code]} (code {code})")
    if code in _NOT_NOW:
        return GeneratorUnavailable(
            f"the provider cannot draw now: {_NOT_NOW[code]} (code {code})", retry_after=answer.retry_after
        )
    meaning = _TROUBLE.get(code, "its code is not documented")
    return OutcomeUnknown(f"the provider failed: {meaning} (code {code})", evidence=answer.body)
