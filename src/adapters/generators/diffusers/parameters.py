"""The parameters of a kind of pipeline, by the signature of its call."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from diffusers import DiffusionPipeline


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a call. Karlo's pipeline has names of its own for some."""

    known: Mapping[str, inspect.Parameter]

    @classmethod
    def of(cls, pipeline: DiffusionPipeline) -> Self:
        """Read them."""
        return cls(inspect.signature(pipeline.__call__).parameters)

    def __contains__(self, name: str) -> bool:
        return name in self.known

    def default(self, name: str) -> Any:  # noqa: ANN401  # whatever a pipeline takes
        """What is taken where none is given; None where there is no such parameter."""
        return self.known[name].default if name in self.known else None

    @property
    def steps(self) -> str:
        """What the number of inference steps is called."""
        return "num_inference_steps" if "num_inference_steps" in self else "decoder_num_inference_steps"

    @property
    def guidance(self) -> str:
        """What the guidance scale is called."""
        return "guidance_scale" if "guidance_scale" in self else "decoder_guidance_scale"

    @property
    def negative_prompt(self) -> bool:
        """Whether one is honoured: some pipelines take it, and look at it only if a second guidance is turned on."""
        second = self.default("true_cfg_scale")
        return "negative_prompt" in self and (second is None or second > 1)
