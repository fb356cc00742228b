"""Images of a storage that has no web server of its own, served under signed links."""

from abc import abstractmethod
from pathlib import Path
from typing import Protocol

from domain.image_file import MediaType


class SignedFiles(Protocol):
    """Keeps the files that signed links of this service name."""

    @abstractmethod
    async def signed_file(self, key: str, *, expires: str, signature: str) -> tuple[Path, MediaType]:
        """The file that a signed link names, and its media type.

        Raises:
            NotFound: there is no such file, the signature is not ours, or the link has expired.
        """
