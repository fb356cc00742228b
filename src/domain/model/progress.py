"""How far a drawing is, while it is under way."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of it; None is unknown.

    `position` is its place in the queue, 0 where it is being drawn. `step` of `steps` is how the model counts, over
    all images of the order; `seconds_left` is until all of them are there, an estimate.
    """

    position: int | None = None
    step: int | None = None
    steps: int | None = None
    seconds_left: float | None = None
