"""The parameters of a kind of pipeline, from the signature of its `__call__`."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from diffusers import DiffusionPipeline


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a pipeline's call; Karlo's pipeline has other names for some."""

    known: Mapping[str, inspect.Parameter]

    @classmethod
    def of(cls, pipeline: DiffusionPipeline) -> Self:
        """Read the parameters of a pipeline."""
        return cls(inspect.signature(pipeline.__call__).parameters)

    def __contains__(self, name: str) -> bool:
        return name in self.known

    def default(self, name: str) -> Any:  # noqa: ANN401  # depends on the pipeline
        """Return the default of a parameter; None if there is no such parameter."""
        return self.known[name].default if name in self.known else None

    @property
    def steps(self) -> str:
        """The name of the parameter for inference steps."""
        return "num_inference_steps" if "num_inference_steps" in self else "decoder_num_inference_steps"

    @property
    def guidance(self) -> str:
        """The name of the parameter for the guidance scale."""
        return "guidance_scale" if "guidance_scale" in self else "decoder_guidance_scale"

    @property
    def negative_prompt(self) -> bool:
        """Whether negative prompts are honoured: some pipelines ignore them unless `true_cfg_scale` is above 1."""
        second = self.default("true_cfg_scale")
        return "negative_prompt" in self and (second is None or second > 1)
