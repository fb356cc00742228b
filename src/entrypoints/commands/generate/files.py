"""The files that images are written to."""

from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile

from darkroom.domain.model.file_name import FileName
from darkroom.domain.model.image_file import ImageFile


def make_writable(folder: Path) -> None:
    """Make the folder if it is missing, and check that files can be written to it.

    Raises:
        OSError: they cannot.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder):
        pass


def write_image(folder: Path, *, prompt: str, seed: int | None, data: bytes, once: bool = False) -> Path:
    """Write an image to a new file and return its path; it is named for the prompt, the seed and the format.

    With `once`, a file of such a name that contains the same image is returned instead.

    Raises:
        InvalidValue: `data` is not an image.
        OSError: the file cannot be written.
    """
    name = FileName.of(prompt, seed, ImageFile.inspect(data).media_type)
    for number in count(1):
        path = folder / str(name if number == 1 else replace(name, stem=f"{name.stem}-{number}"))
        try:
            with path.open("xb") as file:
                file.write(data)
        except FileExistsError:
            if once and path.read_bytes() == data:
                return path
            continue
        return path
    raise AssertionError("names never end")
