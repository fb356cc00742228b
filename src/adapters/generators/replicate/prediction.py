"""A prediction as Replicate reports it, and what each end of it means for money."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from darkroom.adapters.generators.seeds import reported_in
from darkroom.domain.model.errors import (
    DrawingFailed,
    GeneratorUnavailable,
    OutcomeUnknown,
    UnusableImage,
)
from darkroom.domain.model.progress import Progress

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SEED: Final = re.compile(r"^(?:using |random )?seed(?: used)?[:=] *([0-9]{1,20})\b", re.IGNORECASE | re.MULTILINE)
_BAR: Final = re.compile(r"\| *([0-9]{1,6})/([0-9]{1,6}) \[")


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
        """Not reported as a status: an unknown prediction is answered with a 404."""
        return False

    @property
    def began(self) -> bool:
        """Whether its model has begun to draw, as far as it says."""
        metrics = self.document.get("metrics")
        took = metrics.get("predict_time") if isinstance(metrics, dict) else None
        return bool(self.document.get("started_at") or took or self.document.get("status") == "processing")

    @property
    def failed(self) -> bool:
        """Whether it ended without what was ordered, and says so."""
        return self.document.get("status") in ("failed", "aborted")

    @property
    def said(self) -> Mapping[str, Any]:
        """What it says of its end, without its input and its log."""
        told = {name: self.document.get(name) for name in ("status", "error", "output", "metrics")}
        return {name: value for name, value in told.items() if value is not None}

    @property
    def progress(self) -> Progress | None:
        """How far it is, by the last bar that its model drew into the log (as tqdm draws them)."""
        logs = self.document.get("logs")
        bars = _BAR.findall(logs) if isinstance(logs, str) else []
        step, steps = map(int, bars[-1]) if bars else (0, 0)
        return Progress(step=step, steps=steps) if 0 <= step <= steps and steps else None

    def reported_seeds(self) -> Iterator[object]:
        """Every seed that it reports: in its output, or in the log, where models by custom write `Using seed: 7`."""
        output, logs = self.document.get("output"), self.document.get("logs")
        yield from reported_in(output)
        yield from dict.fromkeys(_SEED.findall(logs)) if isinstance(logs, str) else ()

    def link(self) -> str:
        """The URL of its image, or the image as a data: URI; where it made several, of the first.

        Raises:
            DrawingFailed: it ended without one; the class says why, and what is known of the money.
        """
        if self.document.get("status") != "succeeded":
            raise self._failure()
        if self.document.get("data_removed") is True:
            raise UnusableImage("the provider has removed its image by now")
        output = self.document.get("output")
        link = output[0] if isinstance(output, list) and output else output
        if not isinstance(link, str) or not link.strip():
            raise UnusableImage("the prediction succeeded, and has no link to an image", evidence=self._evidence)
        return link

    def _failure(self) -> DrawingFailed:
        status = self.document.get("status")
        if status == "aborted":
            return GeneratorUnavailable("the provider had no room to begin in time")
        if status == "canceled" and self.began:
            return UnusableImage("the prediction was canceled while it ran")
        if status == "canceled":
            # That one is charged for is documented of those that ran; of those that did not begin nothing is.
            return OutcomeUnknown("the prediction was canceled before it began", evidence=self._evidence)
        return OutcomeUnknown("the model failed while it drew", evidence=self._evidence)

    @property
    def _evidence(self) -> bytes:
        # Its input is left out: prompts are not for the evidence to keep.
        told = {name: self.document.get(name) for name in ("id", "status", "error", "output", "metrics")}
        return json.dumps(told).encode()


def read_id(value: object) -> str | None:
    """The id of a prediction, if it is one."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None
