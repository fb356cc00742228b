"""The text that engines write into a PNG is read and removed."""

import struct
import zlib

import pytest

from darkroom.adapters.generators.png_text import seeds_in_text, without_parameters, without_text
from darkroom.adapters.in_memory.generator import tile

PLAIN = tile(16, 16, 0)
# As stable-diffusion.cpp writes it; the lines of the caller's prompt come first.
DRAWN_WITH = (
    "a fox\nSteps: 9, Seed: 8, Size: 1x1\nNegative prompt: fog\n"
    "Steps: 20, CFG scale: 7.000000, Eta: 0.000000, Seed: 42, Size: 64x64, Version: stable-diffusion.cpp, "
    'SDCPP: {"prompt": {"positive": "a fox\\nSteps: 9, Seed: 8, Size: 1x1"}}'
)


def with_chunk(kind: bytes, text: bytes) -> bytes:
    chunk = struct.pack(">I", len(text)) + kind + text + struct.pack(">I", zlib.crc32(kind + text))
    return PLAIN[:33] + chunk + PLAIN[33:]


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"eXIf"])
def test_text_is_removed_from_a_png(kind: bytes) -> None:
    assert without_text(with_chunk(kind, b"prompt\0a secret")) == PLAIN


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt"])
def test_parameters_can_be_removed_without_other_text(kind: bytes) -> None:
    assert without_parameters(with_chunk(kind, b"parameters\0a secret")) == PLAIN

    for other in (b"XML:com.adobe.xmp\0<x/>", b"parameters", b"parameters of it\0"):
        assert without_parameters(with_chunk(kind, other)) == with_chunk(kind, other)


@pytest.mark.parametrize("without", [without_text, without_parameters])
@pytest.mark.parametrize("data", [PLAIN, PLAIN[:50], PLAIN[:8], b"RIFF", b""])
def test_data_without_text_is_left_unchanged(data: bytes, without: type[bytes]) -> None:
    assert without(data) == data
    assert list(seeds_in_text(data)) == []


def test_the_seed_is_read_from_the_last_line() -> None:
    assert list(seeds_in_text(with_chunk(b"tEXt", b"parameters\0" + DRAWN_WITH.encode()))) == ["42"]
    assert list(seeds_in_text(with_chunk(b"iTXt", b"parameters\0\0\0\0\0" + DRAWN_WITH.encode()))) == ["42"]


@pytest.mark.parametrize(
    "text",
    [
        b"comment\0Steps: 20, Seed: 42, Size: 64x64",
        b"parameters\0a fox, Seed: 42, Size: 64x64",
        b"parameters\0a fox\nSteps: 20, Variation seed: 42, Size: 64x64",
        b"parameters\0a fox\nSteps: 20\nSeed: 42, Size: 64x64",
    ],
)
def test_text_outside_the_line_of_settings_reports_no_seed(text: bytes) -> None:
    assert list(seeds_in_text(with_chunk(b"tEXt", text))) == []
