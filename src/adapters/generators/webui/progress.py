"""Reads answers of `/internal/progress`: how far a call is, and its image as far as it is drawn."""

import math
from typing import Any

from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.images import enclosed_or_linked
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.progress import Progress


def read_progress(answer: Answer, *, steps: int) -> Progress | None:
    """Return the progress of a call of that many steps; None if it is not being drawn, or the report is invalid."""
    document = answer.document()
    if document.get("active") is not True:
        return None
    done = _number(document.get("progress"))
    if done is None or done > 1:
        return Progress(position=0)
    left = _number(document.get("eta"))
    return Progress(position=0, step=round(done * steps), steps=steps, seconds_left=left or None)


def read_unfinished(answer: Answer, request: GenerationRequest) -> GeneratedImage | None:
    """Return the image of a call as far as it is drawn; None if it is not being drawn, or no image is in the answer.

    Raises:
        UnusableImage: what is in place of the image is not one.
    """
    document = answer.document()
    if document.get("active") is not True:
        return None
    data = enclosed_or_linked(document.get("live_preview"), index=0)
    return GeneratedImage(index=0, seed=request.seeds[0], data=data) if isinstance(data, bytes) else None


def _number(value: Any) -> float | None:  # noqa: ANN401  # whatever JSON it is
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    return value if usable else None
