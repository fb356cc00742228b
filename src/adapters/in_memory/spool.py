"""A spool that lives as long as the process."""

import hashlib
from collections.abc import Sequence

from darkroom.domain.model.errors import Evidence
from darkroom.domain.ports import ImageSpool


class InMemoryImageSpool(ImageSpool):
    """`waiting` holds what waits, by name; `aside` what was set aside; `room`: bytes that may wait here."""

    def __init__(self, room: int = 2**30) -> None:
        self.waiting: dict[str, bytes] = {}
        self.aside: list[tuple[str, bytes]] = []
        self._room = room

    async def put(self, name: str, data: bytes) -> str:
        self.waiting[name] = data
        return hashlib.sha256(data).hexdigest()

    async def get(self, name: str) -> bytes | None:
        return self.waiting.get(name)

    async def secure(self, name: str) -> None:
        """Nothing here survives more than it does."""

    async def remove(self, name: str) -> None:
        self.waiting.pop(name, None)

    async def names(self) -> Sequence[str]:
        return list(self.waiting)

    async def aside_names(self) -> Sequence[str]:
        return [name for name, _ in self.aside]

    async def remove_aside(self, name: str) -> None:
        self.aside = [(known, piece) for known, piece in self.aside if known != name]

    async def set_aside(self, name: str, evidence: bytes | Evidence) -> None:
        self.aside.append((name, evidence if isinstance(evidence, bytes) else evidence.read()))

    @property
    def full(self) -> bool:
        return sum(map(len, self.waiting.values())) >= self._room * 4 / 5
