"""The provider behind a generator under test, as the rules see it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from darkroom.adapters.conformance.situations import Situation
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.parameters import NONE_GIVEN, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of a paid call as they arrived; None for one that did not."""

    version: str
    prompt: str
    width: int
    height: int
    samples: int
    seeds: tuple[int, ...]
    parameters: Parameters = NONE_GIVEN

    @classmethod
    def of(cls, request: GenerationRequest) -> Self:
        """What should arrive."""
        return cls(
            version=request.version.value,
            prompt=request.prompt.value,
            width=request.size.width,
            height=request.size.height,
            samples=request.samples,
            seeds=tuple(seed.value for seed in request.seeds),
            parameters=request.parameters,
        )


class Provider(ABC):
    """The provider behind a generator under test."""

    @property
    @abstractmethod
    def secrets(self) -> Sequence[str]:
        """What no error and no line of the log may show: the key, signed links."""

    @property
    @abstractmethod
    def asked(self) -> Sequence[Asked]:
        """The paid calls that arrived, charged or not."""

    @property
    @abstractmethod
    def charged_images(self) -> int:
        """How many images it charged for."""

    @abstractmethod
    async def suffer(self, situation: Situation) -> None:
        """Bring a situation about, for whatever is asked from now on."""

    @abstractmethod
    async def recover(self) -> None:
        """End it."""


def together(calls: Sequence[Asked]) -> Asked:
    """Several calls for single samples of one request as the one call that they amount to."""
    if len(calls) == 1:
        return calls[0]
    seeds = tuple(sorted(seed for call in calls for seed in call.seeds))
    whole = {replace(call, samples=sum(one.samples for one in calls), seeds=seeds) for call in calls}
    assert len(whole) == 1, f"the calls for one request differ: {calls}"
    return whole.pop()
