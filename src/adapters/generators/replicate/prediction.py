"""Predictions in Replicate's answers, and whether each outcome was charged."""

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
    """The document that creating, polling and cancelling return; empty if there is none."""

    document: Mapping[str, Any]

    @property
    def id(self) -> str | None:
        """The id; None if it is missing or unfit for a URL."""
        return read_id(self.document.get("id"))

    @property
    def ended(self) -> bool:
        """Whether the reported status is final."""
        return self.document.get("status") in ("succeeded", "failed", "canceled", "aborted")

    @property
    def missing(self) -> bool:
        """Always False: Replicate answers 404 for an unknown prediction, for which `said_of_job` raises."""
        return False

    @property
    def began(self) -> bool:
        """Whether the model is reported to have begun."""
        metrics = self.document.get("metrics")
        took = metrics.get("predict_time") if isinstance(metrics, dict) else None
        return bool(self.document.get("started_at") or took or self.document.get("status") == "processing")

    @property
    def failed(self) -> bool:
        """Whether the reported status is a failure."""
        return self.document.get("status") in ("failed", "aborted")

    @property
    def said(self) -> Mapping[str, Any]:
        """The reported outcome, without input and log."""
        told = {name: self.document.get(name) for name in ("status", "error", "output", "metrics")}
        return {name: value for name, value in told.items() if value is not None}

    @property
    def progress(self) -> Progress | None:
        """The progress, from the last tqdm bar in the model's log; None if there is none."""
        logs = self.document.get("logs")
        bars = _BAR.findall(logs) if isinstance(logs, str) else []
        step, steps = map(int, bars[-1]) if bars else (0, 0)
        return Progress(step=step, steps=steps) if 0 <= step <= steps and steps else None

    def reported_seeds(self) -> Iterator[object]:
        """Yield every reported seed, unparsed: in the output, or in the log, usually as `Using seed: 7`."""
        output, logs = self.document.get("output"), self.document.get("logs")
        yield from reported_in(output)
        yield from dict.fromkeys(_SEED.findall(logs)) if isinstance(logs, str) else ()

    def link(self) -> str:
        """Return the URL of the first image, or the image as a data: URI.

        Raises:
            DrawingFailed: there is none; the subclass gives the reason, `charged` whether money was spent.
        """
        if self.document.get("status") != "succeeded":
            raise self._failure()
        if self.document.get("data_removed") is True:
            raise UnusableImage("the provider has already removed its image")
        output = self.document.get("output")
        link = output[0] if isinstance(output, list) and output else output
        if not isinstance(link, str) or not link.strip():
            raise UnusableImage("the prediction succeeded, but has no link to an image", evidence=self._evidence)
        return link

    def _failure(self) -> DrawingFailed:
        status = self.document.get("status")
        if status == "aborted":
            return GeneratorUnavailable("the provider had no capacity to begin in time")
        if status == "canceled" and self.began:
            return UnusableImage("the prediction was canceled while it ran")
        if status == "canceled":
            # A charge is documented for those that ran; for those that did not begin, nothing is.
            return OutcomeUnknown("the prediction was canceled before it began", evidence=self._evidence)
        return OutcomeUnknown("the model failed while drawing", evidence=self._evidence)

    @property
    def _evidence(self) -> bytes:
        # The input is left out: evidence must not keep prompts.
        told = {name: self.document.get(name) for name in ("id", "status", "error", "output", "metrics")}
        return json.dumps(told).encode()


def read_id(value: object) -> str | None:
    """Return `value` if it is the id of a prediction, otherwise None."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None
