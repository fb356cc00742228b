"""Orders and tasks in BFL's answers, and whether each outcome was charged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Self

import msgspec

from darkroom.adapters.generators.moderation import REJECTED, explain
from darkroom.adapters.generators.seeds import reported_in
from darkroom.adapters.outbound_http.answer import Answer, read_json
from darkroom.adapters.outbound_http.image_hosts import ImageHosts
from darkroom.adapters.outbound_http.public_addresses import LinkRefused
from darkroom.domain.model.errors import Charged, DrawingFailed, OutcomeUnknown, PromptRejected, UnusableImage
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.money import Money
from darkroom.domain.model.progress import Progress

_MODERATED: Final = ("Request Moderated", "Content Moderated")
_FAILED: Final = ("Error", "Failed")
_MISSING: Final = "Task not found"
_MOST_CREDITS: Final = 1_000_000  # a larger number is not a plausible price


_CREDIT: Final = Decimal("0.01")  # USD


class BflOrder(msgspec.Struct, frozen=True, omit_defaults=True):
    """The id of a task and its polling URL, which is on another host than the API.

    `cost` is the answer's value, a number of credits; None if it has none.
    """

    id: str
    polling_url: str
    cost: object = None

    @classmethod
    def read(cls, document: bytes, hosts: ImageHosts) -> Self:
        """Read an order's answer, or a receipt.

        Raises:
            UnusableImage: it names no task, or a polling URL to which the key must not be sent.
        """
        try:
            order = msgspec.convert(read_json(document), cls)
        except msgspec.ValidationError as flaw:
            raise UnusableImage("the answer names no task", evidence=document) from flaw
        try:
            hosts.allow(order.polling_url)
        except LinkRefused as refusal:
            raise UnusableImage(f"our key is not sent to the address of the task: its URL {refusal}") from refusal
        return order

    @property
    def price(self) -> Money | None:
        """The cost of the task; None if the answer gives no plausible number."""
        if not isinstance(self.cost, int | float) or isinstance(self.cost, bool) or not 0 <= self.cost < _MOST_CREDITS:
            return None
        return Money(Decimal(str(self.cost)) * _CREDIT, "USD")

    def encode(self) -> bytes:
        """Return id and polling URL as compact JSON, for a receipt."""
        return msgspec.json.encode(BflOrder(self.id, self.polling_url))


@dataclass(frozen=True, slots=True)
class Task:
    """The document that polling returns; empty if there is none."""

    document: Mapping[str, Any]

    @classmethod
    def of(cls, answer: Answer | None) -> Self:
        """Read an answer of any status; None is an empty task."""
        return cls(answer.document() if answer else {})

    @property
    def ended(self) -> bool:
        """Whether the reported status is final."""
        return self.document.get("status") in ("Ready", *_MODERATED, *_FAILED)

    @property
    def missing(self) -> bool:
        """Whether BFL does not know the task, which may happen just after it was ordered."""
        return self.document.get("status") == _MISSING

    @property
    def progress(self) -> Progress | None:
        """The progress in percent; None if none is reported."""
        part = self.document.get("progress")
        if not isinstance(part, int | float) or isinstance(part, bool) or not 0 <= part <= 1:
            return None
        return Progress(position=0, step=round(part * 100), steps=100)

    @property
    def reported_seeds(self) -> Sequence[object]:
        """The reported seeds of the image, unparsed."""
        return list(reported_in(self._result))

    def link(self, request: GenerationRequest, key: str) -> str:
        """Return the URL of the image, which expires after ten minutes, or the image as a data: URI.

        Raises:
            DrawingFailed: there is none; the subclass gives the reason, `charged` whether money was spent.
        """
        if self.document.get("status") != "Ready":
            raise explain(self._failure(), self._said, request, [key], wordings=True)
        link = self._result.get("sample")
        if not isinstance(link, str) or not link.strip():
            raise UnusableImage("the task is ready, but has no link to an image")
        return link

    def _failure(self) -> DrawingFailed:
        status = self.document.get("status")
        if status in _MODERATED:
            return PromptRejected(REJECTED, charged=Charged.UNKNOWN)
        if status == _MISSING:
            return OutcomeUnknown("the provider no longer knows the task")
        return OutcomeUnknown("the model failed while drawing")

    @property
    def _said(self) -> Mapping[str, Any]:
        """The status and details, for `explain`, with moderation's reasons, which are lists in `details`, merged."""
        details = self.document.get("details")
        reasons = (
            [one for told in details.values() if isinstance(told, list) for one in told]
            if isinstance(details, dict)
            else []
        )
        return {"status": self.document.get("status"), "details": details, "reason": reasons}

    @property
    def _result(self) -> Mapping[str, Any]:
        result = self.document.get("result")
        return result if isinstance(result, dict) else {}
