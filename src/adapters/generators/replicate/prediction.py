"""A prediction as Replicate tells of it, and what each end of it means for money."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from darkroom.adapters.outbound_http.image_hosts import ImageHosts
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.progress import Progress

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BAR: Final = re.compile(r"\| *([0-9]{1,6})/([0-9]{1,6}) \[")
_MODERATION: Final = re.compile(r"nsfw|\(E005\)|flagged as sensitive", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Prediction:
    """The object that creating, asking and cancelling answer with; empty where they answered otherwise."""

    document: Mapping[str, Any]

    @property
    def id(self) -> str | None:
        """Its name, which goes into URLs: None where it cannot."""
        return read_id(self.document.get("id"))

    @property
    def ended(self) -> bool:
        """Whether it will not change any more, as far as it says."""
        return self.document.get("status") in ("succeeded", "failed", "canceled", "aborted")

    @property
    def missing(self) -> bool:
        """Never said in so many words: what is not known is answered with a 404."""
        return False

    @property
    def progress(self) -> Progress | None:
        """How far it is, by the last bar that its model drew into the log (as tqdm draws them)."""
        logs = self.document.get("logs")
        bars = _BAR.findall(logs) if isinstance(logs, str) else []
        step, steps = map(int, bars[-1]) if bars else (0, 0)
        return Progress(step=step, steps=steps) if 0 <= step <= steps and steps else None

    def link(self) -> str:
        """The URL of its image; where it made several, of the first.

        Raises:
            DrawingFailed: it ended without one; the class says why, and what is known of the money.
        """
        if self.document.get("status") != "succeeded":
            raise self._failure()
        if self.document.get("data_removed") is True:
            raise UnusableImage("the provider has removed its image by now")
        output = self.document.get("output")
        link = output[0] if isinstance(output, list) and output else output
        if not isinstance(link, str) or not link.isascii() or not 0 < len(link) <= ImageHosts.LONGEST_LINK:
            raise UnusableImage("the prediction succeeded, and has no link to an image", evidence=self._evidence)
        return link

    def _failure(self) -> DrawingFailed:
        status, error = self.document.get("status"), self.document.get("error")
        if status == "aborted":
            return GeneratorUnavailable("the provider had no room to begin in time")
        if status == "canceled":
            return UnusableImage("the prediction was canceled while it ran")
        if isinstance(error, str) and _MODERATION.search(error):
            return PromptRejected(
                "the provider's moderation rejected the prompt, or what came of it", charged=Charged.UNKNOWN
            )
        return OutcomeUnknown("the model failed while it drew", evidence=self._evidence)

    @property
    def _evidence(self) -> bytes:
        # Its input is left out: prompts are not for the evidence to keep.
        told = {name: self.document.get(name) for name in ("id", "status", "error", "output", "metrics")}
        return json.dumps(told).encode()


def read_id(value: object) -> str | None:
    """The id of a prediction, if it is one."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None
