"""Replicate's models, as the operator declares them."""

import re
from collections.abc import Iterable
from typing import Final

from darkroom.adapters.generators.declared_inputs import DeclaredModel, Wording, parse_declared
from darkroom.domain.model.image_file import MediaType

_WORDING: Final = Wording(
    generator="replicate",
    names=re.compile(r"[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*(:[0-9a-f]{64})?|[0-9a-f]{64}"),
    example="owner/name",
    media_type=MediaType.PNG,
)


def parse_models(entries: Iterable[str]) -> dict[str, DeclaredModel]:
    """Read the operator's list as `parse_declared` does.

    A model's name is `owner/name` for an official one; any other is `owner/name:version`, or the version's id alone.

    Raises:
        InvalidValue: an entry is invalid, or a version is named twice.
    """
    return parse_declared(entries, _WORDING)
