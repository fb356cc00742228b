from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from conformance.spool_contract import NAME, ROOM, Outage, Reopen, SpoolContract, SpoolOutageContract, until
from darkroom.adapters.spools.disk import DiskImageSpool
from darkroom.domain.model.errors import StorageFault


def everything_in(root: Path) -> set[Path]:
    return set(root.rglob("*"))


@pytest.fixture
def reopen(tmp_path: Path) -> Reopen:
    return lambda: DiskImageSpool(tmp_path / "spool", aside=tmp_path / "evidence", room=ROOM, count_every=0.01)


@pytest.fixture
def spool(reopen: Reopen) -> DiskImageSpool:
    spool = reopen()
    assert isinstance(spool, DiskImageSpool)
    return spool


@contextmanager
def files_in_place_of_folders(root: Path) -> Iterator[None]:
    """Files instead of the folders, so that even root cannot write there."""
    away = (root / "spool").rename(root / "away")
    for name in ("spool", "evidence"):
        (root / name).touch()
    try:
        yield
    finally:
        for name in ("spool", "evidence"):
            (root / name).unlink()
        away.rename(root / "spool")


@pytest.fixture
def outage(tmp_path: Path) -> Outage:
    @asynccontextmanager
    async def outage() -> AsyncIterator[None]:
        with files_in_place_of_folders(tmp_path):
            yield

    return outage


class TestDiskImageSpool(SpoolContract, SpoolOutageContract):
    pass


async def test_a_spool_that_cannot_be_written_counts_as_full(spool: DiskImageSpool, tmp_path: Path) -> None:
    await spool.put(*NAME, b"before")
    with files_in_place_of_folders(tmp_path):
        with pytest.raises(StorageFault):
            await spool.put(*NAME, b"paid for")
        assert spool.full
    await spool.put(*NAME, b"paid for")
    assert not spool.full


async def test_no_evidence_replaces_another(spool: DiskImageSpool, tmp_path: Path) -> None:
    for evidence in (b"<html>", b"<html>", b"other"):
        await spool.set_aside(NAME[0], evidence)
    await spool.remove(*NAME)

    kept = [path for path in everything_in(tmp_path / "evidence") if path.name.startswith(NAME[0])]
    assert sorted(path.read_bytes() for path in kept) == [b"<html>", b"other"]


async def test_no_name_leads_out_of_the_folder(spool: DiskImageSpool, tmp_path: Path) -> None:
    for name in ("../evidence/a", "..", "/etc/passwd"):
        with pytest.raises(StorageFault):
            await spool.put(name, 0, b"data")
        with pytest.raises(StorageFault):
            await spool.get(name, 0)
    assert everything_in(tmp_path) == set()


async def test_an_outage_while_counting_is_logged_and_survived(
    spool: DiskImageSpool, outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    def logged() -> bool:
        _ = spool.full  # reading it starts a count
        return "cannot be counted" in caplog.text

    await spool.put(*NAME, bytes(ROOM))
    async with outage():
        await until(logged)

    await until(lambda: spool.full)
