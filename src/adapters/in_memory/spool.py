"""A spool in a dictionary."""

import hashlib
from collections.abc import Sequence

from darkroom.domain.model.errors import Evidence
from darkroom.domain.ports import ImageSpool


class InMemoryImageSpool(ImageSpool):
    """Keeps images as long as this process lives.

    `kept` has the waiting images by generation id and index, `aside` the evidence with its names. `room` is in bytes.
    """

    def __init__(self, room: int = 2**30) -> None:
        self.kept: dict[tuple[str, int], bytes] = {}
        self.aside: list[tuple[str, bytes]] = []
        self._room = room

    async def put(self, generation_id: str, index: int, data: bytes) -> str:
        self.kept[generation_id, index] = data
        return hashlib.sha256(data).hexdigest()

    async def get(self, generation_id: str, index: int) -> bytes | None:
        return self.kept.get((generation_id, index))

    async def secure(self, generation_id: str, index: int) -> None:
        """Do nothing: nothing here survives the process."""

    async def remove(self, generation_id: str, index: int) -> None:
        self.kept.pop((generation_id, index), None)

    async def waiting(self) -> Sequence[tuple[str, int]]:
        return list(self.kept)

    async def aside_names(self) -> Sequence[str]:
        return [name for name, _ in self.aside]

    async def remove_aside(self, name: str) -> None:
        self.aside = [(known, piece) for known, piece in self.aside if known != name]

    async def set_aside(self, name: str, evidence: bytes | Evidence) -> None:
        self.aside.append((name, evidence if isinstance(evidence, bytes) else evidence.read()))

    @property
    def full(self) -> bool:
        return sum(map(len, self.kept.values())) >= self._room * 4 / 5
