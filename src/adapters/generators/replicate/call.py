"""The call that creates a prediction."""

import json

from darkroom.adapters.generators.declared_inputs import DeclaredModel
from darkroom.domain.model.generation import GenerationRequest


def call_path(model: DeclaredModel) -> str:
    """Where predictions of a model are created."""
    return f"/models/{model.name}/predictions" if _official(model) else "/predictions"


def listing_path(model: DeclaredModel) -> str | None:
    """Where a model, or its version, is described for free; None if it is named by the id of a version alone."""
    name, _, version = model.name.partition(":")
    if "/" not in name:
        return None
    return f"/models/{name}/versions/{version}" if version else f"/models/{name}"


def call_body(request: GenerationRequest, model: DeclaredModel) -> bytes:
    """The inputs of the model, and which version it is unless it is an official one."""
    inputs = model.inputs_for(request)
    return json.dumps({"input": inputs} if _official(model) else {"version": model.name, "input": inputs}).encode()


def _official(model: DeclaredModel) -> bool:
    """Whether it is named without a version."""
    return "/" in model.name and ":" not in model.name
