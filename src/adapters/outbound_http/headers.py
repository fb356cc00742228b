"""The headers of every outbound request."""

from typing import Final

HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "Darkroom"}
