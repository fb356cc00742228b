"""Programs and packages that not every machine has."""

from __future__ import annotations


class PartMissing(Exception):
    """A part that a test needs is missing on this machine. The test is skipped, and the summary names the part."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(f"{part}: {reason}")
