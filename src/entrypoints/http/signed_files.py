"""The port to a storage whose links this service serves itself."""

from abc import abstractmethod
from typing import Final, Protocol

from darkroom.domain.model.image_file import MediaType

FILES: Final = "/files"
"""The prefix of the path of such a link; the key of the image follows."""


class SignedFiles(Protocol):
    """Opens the images that signed links name."""

    @abstractmethod
    async def open(self, key: str, *, expires: str, signature: str, name: str = "") -> tuple[bytes, MediaType]:
        """Return the bytes and the media type of the image behind a link, given the parts of the link.

        `expires` is in Unix seconds. `name` is the file name for saving, without its extension; empty if the link has
        none.

        Raises:
            NotFound: the link was not signed here or has expired, or there is no such image.
            StorageFault: the image cannot be read at present.
        """
