"""The call that creates a prediction."""

import json

from darkroom.adapters.generators.declared_inputs import DeclaredModel
from darkroom.domain.model.generation import GenerationRequest


def call_path(model: DeclaredModel) -> str:
    """Return the path at which predictions of a model are created."""
    return f"/models/{model.name}/predictions" if _official(model) else "/predictions"


def listing_path(model: DeclaredModel) -> str | None:
    """Return the path of the description of a model or its version; None if only the version's id is known."""
    name, _, version = model.name.partition(":")
    if "/" not in name:
        return None
    return f"/models/{name}/versions/{version}" if version else f"/models/{name}"


def call_body(request: GenerationRequest, model: DeclaredModel) -> bytes:
    """Return the JSON body: the inputs and, unless the model is an official one, its version."""
    inputs = model.inputs_for(request)
    return json.dumps({"input": inputs} if _official(model) else {"version": model.name, "input": inputs}).encode()


def _official(model: DeclaredModel) -> bool:
    """Return whether a model is named without a version, as official ones are."""
    return "/" in model.name and ":" not in model.name
