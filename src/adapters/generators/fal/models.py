"""fal's models, as the operator declares them."""

import re
from collections.abc import Iterable
from typing import Final

from darkroom.adapters.generators.declared_inputs import DeclaredModel, Wording, in_pixels, parse_declared
from darkroom.domain.model.image_file import MediaType

_WORDING: Final = Wording(
    generator="fal",
    names=re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)+"),
    example="fal-ai/flux/dev",
    media_type=MediaType.JPEG,
    tier="resolution",
    size=lambda size: {"image_size": in_pixels(size)},
)


def parse_models(entries: Iterable[str]) -> dict[str, DeclaredModel]:
    """Read the operator's list as `parse_declared` does; a model's name is its path, such as `fal-ai/flux/dev`.

    Raises:
        InvalidValue: an entry is invalid, or a version is named twice.
    """
    return parse_declared(entries, _WORDING)
