"""A task as BFL reports it, and what each end of it means for money."""

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
_MOST_CREDITS: Final = 1_000_000  # beyond it a number is not a price


_CREDIT: Final = Decimal("0.01")  # USD


class BflOrder(msgspec.Struct, frozen=True, omit_defaults=True):
    """The id of a task, and where it is asked about: another host than the one that it was ordered from.

    `cost` is in credits; None if the answer does not say it.
    """

    id: str
    polling_url: str
    cost: object = None

    @classmethod
    def read(cls, document: bytes, hosts: ImageHosts) -> Self:
        """Read an answer, or a receipt.

        Raises:
            UnusableImage: it names no task, or a place that the key must not go to.
        """
        try:
            order = msgspec.convert(read_json(document), cls)
        except msgspec.ValidationError as flaw:
            raise UnusableImage("the answer names no task", evidence=document) from flaw
        try:
            hosts.allow(order.polling_url)
        except LinkRefused as refusal:
            raise UnusableImage(f"our key does not go where the task is asked about: its URL {refusal}") from refusal
        return order

    @property
    def price(self) -> Money | None:
        """What the task costs, if the answer says it as a number."""
        if not isinstance(self.cost, int | float) or isinstance(self.cost, bool) or not 0 <= self.cost < _MOST_CREDITS:
            return None
        return Money(Decimal(str(self.cost)) * _CREDIT, "USD")

    def encode(self) -> bytes:
        """Compact JSON, as a receipt."""
        return msgspec.json.encode(BflOrder(self.id, self.polling_url))


@dataclass(frozen=True, slots=True)
class Task:
    """The object that asking answers with; empty if it was answered otherwise."""

    document: Mapping[str, Any]

    @classmethod
    def of(cls, answer: Answer | None) -> Self:
        """What an answer says, whatever its status."""
        return cls(answer.document() if answer else {})

    @property
    def ended(self) -> bool:
        """Whether it will not change any more, as far as it says."""
        return self.document.get("status") in ("Ready", *_MODERATED, *_FAILED)

    @property
    def missing(self) -> bool:
        """Whether it is not known, which it may not be for a moment after it was ordered."""
        return self.document.get("status") == _MISSING

    @property
    def progress(self) -> Progress | None:
        """How far it is, in percent."""
        part = self.document.get("progress")
        if not isinstance(part, int | float) or isinstance(part, bool) or not 0 <= part <= 1:
            return None
        return Progress(position=0, step=round(part * 100), steps=100)

    @property
    def reported_seeds(self) -> Sequence[object]:
        """The seed that made the image, as it is reported."""
        return list(reported_in(self._result))

    def link(self, request: GenerationRequest, key: str) -> str:
        """The URL of its image, which dies after ten minutes, or the image as a data: URI.

        Raises:
            DrawingFailed: it ended without one; the class says why, and what is known of the money.
        """
        if self.document.get("status") != "Ready":
            raise explain(self._failure(), self._said, request, [key], wordings=True)
        link = self._result.get("sample")
        if not isinstance(link, str) or not link.strip():
            raise UnusableImage("the task is ready, and has no link to an image")
        return link

    def _failure(self) -> DrawingFailed:
        status = self.document.get("status")
        if status in _MODERATED:
            return PromptRejected(REJECTED, charged=Charged.UNKNOWN)
        if status == _MISSING:
            return OutcomeUnknown("the provider does not know the task any more")
        return OutcomeUnknown("the model failed while it drew")

    @property
    def _said(self) -> Mapping[str, Any]:
        """What it says of its end; moderation gives its reasons in lists by a name."""
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
