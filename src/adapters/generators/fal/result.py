"""What fal says of an order at one moment, and what each end of it means for money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from darkroom.adapters.generators.moderation import REJECTED, explain
from darkroom.adapters.generators.seeds import reported_in
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.progress import Progress

_LONGEST_TYPE: Final = 64
_TAKEN_BACK: Final = 499


def completed(answer: Answer | None) -> bool:
    """Whether a status says that there is a result to ask for, be it an error."""
    return bool(answer and answer.is_success and answer.document().get("status") == "COMPLETED")


def read_place(answer: Answer | None) -> Progress | None:
    """The place in the queue that a status reports, 0 while it is drawn."""
    document = answer.document() if answer and answer.is_success else {}
    if document.get("status") == "IN_PROGRESS":
        return Progress(position=0)
    ahead = document.get("queue_position")
    waits = document.get("status") == "IN_QUEUE" and type(ahead) is int and ahead >= 0
    return Progress(position=ahead + 1) if waits and isinstance(ahead, int) else None


@dataclass(frozen=True, slots=True)
class FalResult:
    """The answer to asking for a result; None as long as there is none, or none of fal's own."""

    answer: Answer | None = None

    @property
    def ended(self) -> bool:
        """Whether it is fal that answered, and the order has ended."""
        if self.answer is None or not self.answer.document():
            return False
        status = self.answer.status
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return self._error_type is not None
        return self.answer.is_success or (
            HTTPStatus(400) <= status and status not in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
        )

    @property
    def missing(self) -> bool:
        """Not reported as a status: an unknown request is answered with a 404."""
        return False

    @property
    def reported_seeds(self) -> Sequence[object]:
        """The seed that made the image, as it is reported."""
        return list(reported_in(self._document))

    def link(self, request: GenerationRequest, key: str) -> str:
        """The URL of its image, or the image as a data: URI; if there are several, of the first.

        Raises:
            DrawingFailed: it ended without one; the class says why, and what is known of the money.
        """
        if self.answer is None or not self.answer.is_success:
            raise explain(self._failure(), self._document, request, [key], wordings=True)
        document = self._document
        if _flagged(document.get("has_nsfw_concepts")):
            # What its checker dislikes is drawn, charged and blackened.
            raise PromptRejected(REJECTED, charged=Charged.YES)
        images = document.get("images")
        image = images[0] if isinstance(images, list) and images else document.get("image")
        link = image.get("url") if isinstance(image, dict) else None
        if not isinstance(link, str) or not link.strip():
            failure = UnusableImage("the result has no link to an image", evidence=self.answer.body)
            raise explain(failure, document, request, [key], wordings=False, quoted=False)
        return link

    def _failure(self) -> DrawingFailed:
        answer = self.answer
        if answer is None:
            return OutcomeUnknown("there is no result")
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # Never charged, by fal's own word ("Server errors (HTTP 500+) are never charged", its FAQ).
            return GeneratorUnavailable(f"the model failed ({self._error_type})", evidence=answer.body)
        if answer.status == _TAKEN_BACK:
            return OutcomeUnknown("the order was taken back", evidence=answer.body)
        # May be charged for: what a runner computed until then, it computed.
        return OutcomeUnknown(f"the model did not draw it (HTTP {answer.status})", evidence=answer.body)

    @property
    def _document(self) -> Mapping[str, Any]:
        return self.answer.document() if self.answer else {}

    @property
    def _error_type(self) -> str | None:
        """What fal calls an error of its own; None for a page of whatever stands before it."""
        headers = self.answer.headers if self.answer else {}
        told = self._document.get("error_type") or headers.get("x-fal-error-type")
        if not isinstance(told, str) or not told.isidentifier() or len(told) > _LONGEST_TYPE:
            return None
        return told if isinstance(self._document.get("detail"), str) else None


def _flagged(concepts: object) -> bool:
    return isinstance(concepts, list) and any(concept is True for concept in concepts[:1])
