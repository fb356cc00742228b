"""Reads the mark of an image file."""

from dataclasses import dataclass

from darkroom.adapters.marks import statement
from darkroom.adapters.marks.files import embedded, properties, vouched_for
from darkroom.adapters.marks.manifests import Credentials, read_manifest
from darkroom.domain.model.image_file import ImageFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A file's format and size, what its metadata says of its origin, and who signed that; None if not stated."""

    file: ImageFile
    source_type: str | None
    tool: str | None
    generator: str | None
    model: str | None
    seed: str | None
    prompt: str | None
    credentials: Credentials | None


def inspect(data: bytes, *, anchors: str | None = None) -> Inspection:
    """Inspect a file.

    `anchors` are PEM certificates of authorities whose signers are trusted; None skips that check.

    Raises:
        InvalidValue: it is not an image file, or is incomplete.
    """
    file = ImageFile.inspect(data)
    found = embedded(data, file.media_type)
    said = properties(found)
    credentials = read_manifest(data, file.media_type, anchors) if vouched_for(found) else None
    return Inspection(
        file=file,
        source_type=said.get(statement.SOURCE_TYPE) or (credentials.source_type if credentials else None),
        tool=said.get(statement.TOOL),
        generator=said.get(statement.GENERATOR) or said.get(statement.AI_SYSTEM),
        model=said.get(statement.MODEL) or said.get(statement.AI_VERSION),
        seed=said.get(statement.SEED),
        prompt=said.get(statement.AI_PROMPT),
        credentials=credentials,
    )
