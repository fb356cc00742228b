"""The port through which the contracts control and observe a simulated provider."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from darkroom.adapters.conformance.situations import Situation
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.parameters import NONE_GIVEN, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of a paid call as the provider received them; None for one that was not sent."""

    version: str
    prompt: str
    width: int
    height: int
    samples: int
    seeds: tuple[int, ...]
    parameters: Parameters = NONE_GIVEN

    @classmethod
    def of(cls, request: GenerationRequest) -> Self:
        """Return the call that `request` should cause."""
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
    """A simulated provider for a generator under test."""

    @property
    @abstractmethod
    def secrets(self) -> Sequence[str]:
        """Texts that must not appear in errors or logs: the API key, signed links."""

    @property
    @abstractmethod
    def asked(self) -> Sequence[Asked]:
        """The paid calls received, charged or not."""

    @property
    @abstractmethod
    def charged_images(self) -> int:
        """The number of images charged for."""

    @abstractmethod
    async def suffer(self, situation: Situation) -> None:
        """Put the provider into `situation` for all calls from now on."""

    @abstractmethod
    async def recover(self) -> None:
        """End the situation."""


def together(calls: Sequence[Asked]) -> Asked:
    """Merge the calls of one request, at least one, into the single call that they amount to.

    Raises:
        AssertionError: they differ in more than samples and seeds.
    """
    if len(calls) == 1:
        return calls[0]
    seeds = tuple(sorted(seed for call in calls for seed in call.seeds))
    whole = {replace(call, samples=sum(one.samples for one in calls), seeds=seeds) for call in calls}
    assert len(whole) == 1, f"the calls for one request differ: {calls}"
    return whole.pop()
