from __future__ import annotations

import pytest

from darkroom.adapters.conformance import Read, StorageContract
from darkroom.adapters.in_memory.storage import InMemoryImageStorage


class TestInMemoryImageStorage(StorageContract):
    @pytest.fixture
    def storage(self) -> InMemoryImageStorage:
        return InMemoryImageStorage()

    @pytest.fixture
    def read(self, storage: InMemoryImageStorage) -> Read:
        async def read(link: str) -> tuple[bytes, str]:
            return storage.kept[link.removeprefix("memory:")]

        return read
