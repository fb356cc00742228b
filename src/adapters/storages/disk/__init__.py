"""Images in a folder, read through links that the service signs and serves itself."""

from adapters.storages.disk.signed_links import SignedLinks
from adapters.storages.disk.storage import DiskImageStorage

__all__ = ["DiskImageStorage", "SignedLinks"]
