"""BFL's models, as the operator declares them."""

import re
from collections.abc import Iterable
from typing import Any, Final

from darkroom.adapters.generators.declared_inputs import DeclaredModel, Wording, parse_declared
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.image_file import MediaType

_WORDING: Final = Wording(
    generator="bfl",
    names=re.compile(r"[a-z0-9][a-z0-9.-]*"),
    example="flux-2-pro",
    media_type=MediaType.JPEG,
)
# Models that rewrite the prompt unless `prompt_upsampling` is false.
_REWRITES: Final = re.compile(r"(?:^|-)flex(?:-|$)")


def parse_models(entries: Iterable[str]) -> dict[str, DeclaredModel]:
    """Read the operator's list as `parse_declared` does; a model's name is its path, such as `flux-2-pro`.

    Raises:
        InvalidValue: an entry is invalid, or a version is named twice.
    """
    return parse_declared(entries, _WORDING)


def inputs_for(request: GenerationRequest, model: DeclaredModel) -> dict[str, Any]:
    """Return the inputs for a request; the prompt is not rewritten unless the operator declares otherwise."""
    as_it_is = {"prompt_upsampling": False} if _REWRITES.search(model.name) else {}
    return as_it_is | model.inputs_for(request)
