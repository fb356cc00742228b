"""What the HTTP entry point needs of a storage whose links it serves itself."""

from abc import abstractmethod
from typing import Final, Protocol

from darkroom.domain.model.image_file import MediaType

FILES: Final = "/files"
"""What the path of such a link begins with; the key of the image follows."""


class SignedFiles(Protocol):
    """Keeps the images that signed links name."""

    @abstractmethod
    async def open(self, key: str, *, expires: str, signature: str, name: str = "") -> tuple[bytes, MediaType]:
        """The image behind a link, by the parts of the link; `expires` is in Unix seconds.

        `name` is the one that a file is to be saved under, without its ending.

        Raises:
            NotFound: the link was not signed here or has expired, or there is no such image.
            StorageFault: it cannot be read just now.
        """
