"""One model's attempt to draw a generation, and when another model may be asked after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from darkroom.domain.model.errors import Charged, DrawingFailed, GeneratorRefused, GeneratorUnavailable
from darkroom.domain.model.generation import Generation, StoredImage


@dataclass(frozen=True, slots=True)
class Attempt:
    """How far a model came with a generation: what came, by index, and why it is not all, where it is not."""

    generation: Generation
    came: Mapping[int, StoredImage]
    failure: DrawingFailed | None

    @property
    def turned_away(self) -> DrawingFailed | None:
        """Why the model did not draw, where it is certain that nothing was spent and another one may fare better.

        A prompt that one provider's moderation rejects is not carried to the next.
        """
        failure = self.failure
        free = not self.came and failure is not None and failure.charged is Charged.NO
        return failure if free and isinstance(failure, GeneratorRefused | GeneratorUnavailable) else None


def of_all(failures: Sequence[DrawingFailed]) -> DrawingFailed:
    """Why none of several models drew: of the kind after which another try makes sense soonest, telling of each."""
    soonest = min(failures, key=lambda failure: inf if failure.retry_after is None else failure.retry_after)
    detail = "; ".join(dict.fromkeys(failure.detail for failure in failures))
    return type(soonest)(detail, charged=Charged.NO, retry_after=soonest.retry_after)
