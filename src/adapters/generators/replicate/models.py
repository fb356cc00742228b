"""Which models there are, as the operator declares them."""

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
    """Read the operator's list as `parse_declared` does: `owner/name` for an official model, a version for any other.

    Raises:
        InvalidValue: an entry cannot be read, or a version comes twice.
    """
    return parse_declared(entries, _WORDING)
