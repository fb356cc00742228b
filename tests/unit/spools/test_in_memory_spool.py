from __future__ import annotations

import pytest

from conformance.spool_contract import NAME, ROOM, Reopen, SpoolContract
from darkroom.adapters.in_memory.spool import InMemoryImageSpool


class TestInMemoryImageSpool(SpoolContract):
    @pytest.fixture
    def spool(self) -> InMemoryImageSpool:
        return InMemoryImageSpool(ROOM)

    @pytest.fixture
    def reopen(self, spool: InMemoryImageSpool) -> Reopen:
        return lambda: spool

    async def test_evidence_can_be_read(self, spool: InMemoryImageSpool) -> None:
        await spool.set_aside(NAME[0], b"<html>")

        assert spool.aside == [(NAME[0], b"<html>")]
