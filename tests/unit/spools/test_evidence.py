"""An unusable answer is kept whole while there is room for it, and is removed with its generation."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance.generations import received
from darkroom.adapters.evidence_folder import EvidenceFolder
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.domain.model.errors import Charged, UnusableImage
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.limits import Limits
from darkroom.domain.use_cases.evidence import aside_name, sweep_evidence

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def folder(path: Path, *, room: int = 100, spared: int = 0) -> EvidenceFolder:
    return EvidenceFolder(path / "evidence", room=room, spared=lambda: spared)


def kept(evidence: EvidenceFolder, generation_id: str | None = None) -> list[bytes | None]:
    return [evidence.read(piece) for piece in evidence.kept(generation_id)]


def test_a_piece_is_kept_once_and_whole(tmp_path: Path) -> None:
    evidence = folder(tmp_path)
    for data in (b"a" * 40, b"a" * 40, b"b"):
        evidence.keep("one", data)
    evidence.keep("two.prompt", b"c")

    assert sorted(map(bytes, kept(evidence, "one"))) == [b"a" * 40, b"b"]  # type: ignore[arg-type]  # all are there
    assert [piece.generation_id for piece in evidence.kept("two")] == ["two"]


def test_the_oldest_pieces_make_room_for_the_newest(tmp_path: Path) -> None:
    evidence = folder(tmp_path)
    for age, name in enumerate(("new", "older", "oldest")):
        evidence.keep(name, name.encode() * 10)
        (path,) = (tmp_path / "evidence").glob(f"{name}.*")
        os.utime(path, (1000 - age, 1000 - age))
    evidence.keep("now", b"x" * 40)

    assert [piece.generation_id for piece in evidence.kept()] == ["new", "now"]


@pytest.mark.parametrize(
    ("length", "spared"), [(101, 0), (1, 2**62)], ids=["the room of the folder", "the room of the spool"]
)
def test_a_piece_without_room_is_not_kept(tmp_path: Path, length: int, spared: int) -> None:
    with pytest.raises(OSError, match="no room"):
        folder(tmp_path, spared=spared).keep("one", bytes(length))


QUOTING = b'{"prompt": "a lighthouse in the fog"}'


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (None, [b"<html>", QUOTING]),
        (lambda generation: generation.forgotten(), [b"<html>"]),
        (lambda generation: generation.erased(NOON), []),
    ],
    ids=["kept", "prompts forgotten", "erased"],
)
async def test_evidence_is_removed_with_its_generation_and_with_the_prompt_that_it_quotes(
    change: Callable[[Generation], Generation] | None, left: list[bytes]
) -> None:
    ledger, spool = InMemoryGenerationLedger(lambda: NOON), InMemoryImageSpool()
    generation = await ledger.receive(received(), Limits())
    for piece in (b"<html>", QUOTING):
        await spool.set_aside(aside_name(generation, piece), piece)
    await spool.set_aside("of-another-ledger", b"?")
    submitted = generation.submitted()
    failed = submitted.failed(UnusableImage("no image", charged=Charged.YES), NOON)
    for revision in (submitted, failed, *([change(failed)] if change else [])):
        await ledger.record(revision)

    await sweep_evidence(spool, ledger)

    assert [piece for _, piece in spool.aside] == [*left, b"?"]


def test_a_prompt_is_found_in_any_form() -> None:
    generation = received()
    assert aside_name(generation, b"<html>") == generation.id
    assert aside_name(generation, b"... a lighthouse in the fog ...") == f"{generation.id}.prompt"
