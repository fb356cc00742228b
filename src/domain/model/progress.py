"""The progress of a drawing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The progress of a drawing; None is unknown.

    `position` is its place in the queue, 0 if it is being drawn. `step` of `steps` are the model's steps over all
    images of the order. `seconds_left` is an estimate of the time until all of them are drawn.
    """

    position: int | None = None
    step: int | None = None
    steps: int | None = None
    seconds_left: float | None = None
