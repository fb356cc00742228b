"""Parts that not every machine can have."""

from __future__ import annotations


class PartMissing(Exception):
    """This machine cannot have a part that a test runs against. The test is skipped, and the summary names the part."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(f"{part}: {reason}")
