"""The sources of models: a local folder, or a name on the hub."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.values import ModelVersion

_HUB_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model to load; `place` is a folder if `local`, otherwise an `owner/name` on the hub."""

    version: ModelVersion
    place: str
    local: bool


def parse_sources(entries: Iterable[str]) -> tuple[ModelSource, ...]:
    """Read the operator's list of `version=folder` and `version=owner/name`; an existing folder takes precedence.

    Raises:
        InvalidValue: an entry is invalid, a folder does not exist, or a version is named twice.
    """
    sources: dict[str, ModelSource] = {}
    for entry in entries:
        version, _, place = (part.strip() for part in entry.partition("="))
        if version in sources:
            raise InvalidValue(f"{version!r} is named twice")
        sources[version] = _source(ModelVersion(version), place)
    return tuple(sources.values())


def _source(version: ModelVersion, place: str) -> ModelSource:
    folder = Path(place).expanduser()
    if place and folder.is_dir():
        return ModelSource(version, str(folder), local=True)
    # A path whose folder is missing must not be looked up on the hub.
    if not _HUB_NAME.fullmatch(place) or place.startswith("."):
        raise InvalidValue(f"{version.value!r} must name a folder that is there, or an owner/name on the hub")
    return ModelSource(version, place, local=False)
