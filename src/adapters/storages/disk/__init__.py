"""Images in a folder, with links that the service signs and serves itself."""

from darkroom.adapters.storages.disk.signed_links import SignedLinks
from darkroom.adapters.storages.disk.storage import DiskImageStorage

__all__ = ["DiskImageStorage", "SignedLinks"]
