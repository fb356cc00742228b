"""Which models there are, as the operator declares them."""

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
# These rewrite the prompt unless that is switched off.
_REWRITES: Final = re.compile(r"(?:^|-)flex(?:-|$)")


def parse_models(entries: Iterable[str]) -> dict[str, DeclaredModel]:
    """Read the operator's list as `parse_declared` does: a model is called by its path, as `flux-2-pro`.

    Raises:
        InvalidValue: an entry cannot be read, or a version comes twice.
    """
    return parse_declared(entries, _WORDING)


def inputs_for(request: GenerationRequest, model: DeclaredModel) -> dict[str, Any]:
    """The inputs of a model. The prompt is drawn as it is, unless the operator declares otherwise."""
    as_it_is = {"prompt_upsampling": False} if _REWRITES.search(model.name) else {}
    return as_it_is | model.inputs_for(request)
