"""What every request says."""

from typing import Final

HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "Darkroom"}
