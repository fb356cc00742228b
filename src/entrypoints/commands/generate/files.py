"""The files that images are written into."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from darkroom.domain.model.image_file import ImageFile

_LONGEST: Final = 40  # characters of the prompt in a file's name


def make_writable(folder: Path) -> None:
    """Make the folder where there is none, and try whether files can be written into it.

    Raises:
        OSError: they cannot.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder):
        pass


def write_image(folder: Path, *, prompt: str, seed: int | None, data: bytes) -> Path:
    """Write an image into a new file, named for its prompt and its seed, with the ending that its bytes ask for.

    Raises:
        InvalidValue: it is no image.
        OSError: it cannot be written.
    """
    ending = ImageFile.inspect(data).media_type.ending
    for name in _names(prompt, seed):
        path = folder / f"{name}.{ending}"
        try:
            with path.open("xb") as file:
                file.write(data)
        except FileExistsError:
            continue
        return path
    raise AssertionError("names never end")


def _names(prompt: str, seed: int | None) -> Iterator[str]:
    words = re.sub(r"\W+", "-", prompt.lower())[:_LONGEST].strip("-_") or "image"
    name = words if seed is None else f"{words}-{seed}"
    yield name
    yield from (f"{name}-{number}" for number in count(2))
