"""The web UI's error answers."""

from http import HTTPStatus
from typing import Final

from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import DrawingFailed, GeneratorRefused, OutcomeUnknown

_LONGEST_NAME: Final = 64


def webui_failure(answer: Answer) -> DrawingFailed:
    """Return the error for an answer other than 2xx, by its status, with details of use to the operator."""
    document, failure = answer.document(), answer.failure()
    if isinstance(failure, GeneratorRefused):
        return GeneratorRefused(f"{failure.detail}{_hint(answer.status, document.get('detail'))}")
    exception = document.get("error")
    if isinstance(failure, OutcomeUnknown) and _is_name(exception):
        return OutcomeUnknown(f"the server had an internal error: {exception}", evidence=answer.body)
    return failure


def _hint(status: int, detail: object) -> str:
    if status == HTTPStatus.UNAUTHORIZED:
        return ": it does not accept our user name and password"
    if status == HTTPStatus.NOT_FOUND and detail == "Not Found":
        return ": it does not offer this API; it may have been started without --api"
    if detail == "Sampler not found":
        return ": it does not know the sampler"
    return ""


def _is_name(exception: object) -> bool:
    return isinstance(exception, str) and exception.isidentifier() and len(exception) <= _LONGEST_NAME
