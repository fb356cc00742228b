"""The status and result of an order in fal's answers, and whether each outcome was charged."""

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
    """Return whether a status says that there is a result, which may be an error."""
    return bool(answer and answer.is_success and answer.document().get("status") == "COMPLETED")


def read_place(answer: Answer | None) -> Progress | None:
    """Return the place in the queue that a status reports, 0 while drawing; None if it reports none."""
    document = answer.document() if answer and answer.is_success else {}
    if document.get("status") == "IN_PROGRESS":
        return Progress(position=0)
    ahead = document.get("queue_position")
    waits = document.get("status") == "IN_QUEUE" and type(ahead) is int and ahead >= 0
    return Progress(position=ahead + 1) if waits and isinstance(ahead, int) else None


@dataclass(frozen=True, slots=True)
class FalResult:
    """The answer to a request for a result; None if there is none yet."""

    answer: Answer | None = None

    @property
    def ended(self) -> bool:
        """Whether the answer is fal's own, not a gateway's, and final."""
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
        """Always False: fal answers 404 for an unknown order, for which `said_of_job` raises."""
        return False

    @property
    def reported_seeds(self) -> Sequence[object]:
        """The reported seeds of the image, unparsed."""
        return list(reported_in(self._document))

    def link(self, request: GenerationRequest, key: str) -> str:
        """Return the URL of the first image, or the image as a data: URI.

        Raises:
            DrawingFailed: there is none; the subclass gives the reason, `charged` whether money was spent.
        """
        if self.answer is None or not self.answer.is_success:
            raise explain(self._failure(), self._document, request, [key], wordings=True)
        document = self._document
        if _flagged(document.get("has_nsfw_concepts")):
            # A flagged image was drawn and charged, and is black.
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
            # fal's FAQ: "Server errors (HTTP 500+) are never charged".
            return GeneratorUnavailable(f"the model failed ({self._error_type})", evidence=answer.body)
        if answer.status == _TAKEN_BACK:
            return OutcomeUnknown("the order was cancelled", evidence=answer.body)
        # It may be charged: the runner may have computed until it failed.
        return OutcomeUnknown(f"the model did not draw it (HTTP {answer.status})", evidence=answer.body)

    @property
    def _document(self) -> Mapping[str, Any]:
        return self.answer.document() if self.answer else {}

    @property
    def _error_type(self) -> str | None:
        """The type of fal's own error; None if the answer is a gateway's."""
        headers = self.answer.headers if self.answer else {}
        told = self._document.get("error_type") or headers.get("x-fal-error-type")
        if not isinstance(told, str) or not told.isidentifier() or len(told) > _LONGEST_TYPE:
            return None
        return told if isinstance(self._document.get("detail"), str) else None


def _flagged(concepts: object) -> bool:
    return isinstance(concepts, list) and any(concept is True for concept in concepts[:1])
