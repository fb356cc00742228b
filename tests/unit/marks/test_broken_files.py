"""Any file is either marked and whole, or refused with a reason."""

from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.adapters.marks import jpeg, png, webp, xmp
from darkroom.adapters.marks.files import Format, embedded, properties, stated_in_xmp
from darkroom.adapters.marks.inspection import inspect
from darkroom.adapters.marks.statement import Statement
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import ImageFile
from darkroom.domain.model.model_card import MediaSource
from unit.marks.variants import THEIRS, VARIANTS

DRAWN = Statement(source=MediaSource.TRAINED, generator="karlo", model="v2.1", seed=7)
FILES = {name: encode() for name, encode in VARIANTS.items()}


@st.composite
def mutilated(draw: st.DrawFn, files: st.SearchStrategy[bytes]) -> bytes:
    """A file with a few bytes changed, removed or inserted, more often in its header than in its pixels."""
    data = bytearray(draw(files))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, min(len(data), 400)) | st.integers(0, len(data)))
        length = draw(st.integers(0, 8))
        data[at : at + length] = draw(st.binary(max_size=8) | st.binary(min_size=length, max_size=length))
    return bytes(data[: draw(st.just(len(data)) | st.integers(0, len(data)))])


@given(mutilated(st.sampled_from(list(FILES.values()))))
def test_a_mutilated_file_is_marked_and_whole_or_refused(data: bytes) -> None:
    try:
        before = ImageFile.inspect(data)
        marked = stated_in_xmp(data, before.media_type, DRAWN)
    except InvalidValue:
        return
    assert ImageFile.inspect(marked) == before
    found = embedded(marked, before.media_type)
    assert marked == data or properties(found).items() >= {("darkroom:Seed", "7")}
    assert stated_in_xmp(marked, before.media_type, DRAWN) == marked


@given(mutilated(st.sampled_from(list(FILES.values()))))
def test_a_mutilated_file_is_read_or_refused(data: bytes) -> None:
    try:
        inspect(data)
    except InvalidValue as flaw:
        assert str(flaw)


@given(mutilated(st.just(THEIRS) | st.just(xmp.packet(DRAWN.properties))))
def test_a_mutilated_packet_is_extended_or_replaced(packet: bytes) -> None:
    ours = DRAWN.packet(packet)

    assert xmp.read(ours).keys() >= {"Iptc4xmpExt:DigitalSourceType", "darkroom:Model", "darkroom:Seed"}


@pytest.mark.parametrize(
    ("form", "signature"),
    [(png, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), (jpeg, b"\xff\xd8\xff"), (webp, b"RIFF\0\0\0\0WEBPVP8X")],
    ids=["png", "jpeg", "webp"],
)
@given(data=st.binary(max_size=200))
def test_readers_raise_only_invalid_value(form: Format, signature: bytes, data: bytes) -> None:
    for read in (form.embedded, partial(form.with_xmp, packet=b"<x/>")):
        with suppress(InvalidValue):
            read(signature + data)


def test_a_very_deeply_nested_packet_is_handled() -> None:
    packet = b"<a>" * 100_000 + b"</a>" * 100_000
    assert xmp.read(DRAWN.packet(packet)) == DRAWN.properties
