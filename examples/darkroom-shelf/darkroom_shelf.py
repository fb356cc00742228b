"""A storage as a separate package: a folder that your web server serves to everyone, so that links never expire."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import quote

from darkroom.domain.model.errors import InvalidValue, StorageFault
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.ports import ImageStorage


class ShelfImageStorage(ImageStorage):
    """Keeps each image in a file named by its key. The web server derives the media type from the extension."""

    def __init__(self, folder: Path, base_url: str) -> None:
        """Store images in `folder`, which the web server serves at `base_url`."""
        self._folder, self._base_url = folder, base_url.rstrip("/")

    async def put(self, image: StoredImage, data: bytes) -> None:
        await asyncio.to_thread(self._put, self._folder / image.key, data)

    async def get(self, image: StoredImage) -> bytes:
        with _faults():
            data = await asyncio.to_thread((self._folder / image.key).read_bytes)
        if hashlib.sha256(data).hexdigest() != image.sha256:
            raise StorageFault(f"other bytes are kept under {image.key}")
        return data

    async def link(self, key: str) -> str:
        return f"{self._base_url}/{quote(key)}"

    async def delete(self, key: str) -> None:
        with _faults():
            await asyncio.to_thread((self._folder / key).unlink, missing_ok=True)

    async def keys(self) -> AsyncIterator[str]:
        with _faults():
            files = await asyncio.to_thread(lambda: [path for path in self._folder.rglob("[!.]*") if path.is_file()])
        for file in files:
            yield file.relative_to(self._folder).as_posix()

    async def check(self) -> str:
        with _faults(), NamedTemporaryFile(dir=self._folder, prefix="."):
            return f"keeps images in {self._folder}"

    def _put(self, path: Path, image: bytes) -> None:
        with _faults():
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=path.parent, prefix=".") as file:
                file.write(image)
                file.flush()
                os.fsync(file.fileno())
                try:
                    os.link(file.name, path)  # only one of several writers succeeds; the file is always complete
                except FileExistsError:
                    if path.read_bytes() != image:
                        raise StorageFault(f"other bytes are kept under {path.name}") from None
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise StorageFault(f"the shelf cannot be used: {fault.strerror}") from fault


@asynccontextmanager
async def open_shelf(environment: Mapping[str, str]) -> AsyncIterator[ImageStorage]:
    """Open the storage: the entry point of the package. A storage with a client would open and close it here."""
    folder, base_url = (environment.get(f"DARKROOM_SHELF_{name}", "") for name in ("FOLDER", "URL"))
    if not (folder and base_url):
        raise InvalidValue(
            "DARKROOM_SHELF_FOLDER and DARKROOM_SHELF_URL must be set to the folder of images and its URL"
        )
    yield ShelfImageStorage(Path(folder), base_url)
