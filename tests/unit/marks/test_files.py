"""The mark lies beside the pixels: everything else in a file stays as it was."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from darkroom.adapters.marks import jpeg, png, webp, xmp
from darkroom.adapters.marks.files import embedded, properties, stated_in_xmp
from darkroom.adapters.marks.statement import SOURCE_TYPES, Statement
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import ImageFile, MediaType
from darkroom.domain.model.model_card import MediaSource
from unit.marks.variants import SIZE, THEIRS, VARIANTS, media_type, metadata, pixels

DRAWN = Statement(source=MediaSource.TRAINED, generator="karlo", model="v2.1", seed=4_294_967_295)
PROMPTED = Statement(
    source=MediaSource.TRAINED, generator="karlo", model="v2.1", seed=0, prompt='a "fox" & <hound>\nNegative prompt: 눈'
)

variants = pytest.mark.parametrize("data", [encode() for encode in VARIANTS.values()], ids=VARIANTS)
with_xmp = pytest.mark.parametrize("name", [name for name in VARIANTS if "with xmp" in name])
without_xmp = pytest.mark.parametrize("name", [name for name in VARIANTS if "with xmp" not in name])


def marked(data: bytes, statement: Statement = DRAWN) -> bytes:
    return stated_in_xmp(data, media_type(data), statement)


def said(data: bytes) -> dict[str, str]:
    return dict(properties(embedded(data, media_type(data))))


@without_xmp
@pytest.mark.parametrize("statement", [DRAWN, PROMPTED])
def test_what_is_stated_can_be_read_again(name: str, statement: Statement) -> None:
    assert said(marked(VARIANTS[name](), statement)) == statement.properties


@with_xmp
def test_what_a_file_said_before_stays_said(name: str) -> None:
    assert said(marked(VARIANTS[name]())) == {**DRAWN.properties, "xmp:CreatorTool": "Studio & Sons"}


@variants
def test_pixels_and_all_other_metadata_stay(data: bytes) -> None:
    after = marked(data)

    assert pixels(after) == pixels(data)
    assert metadata(after) == metadata(data)
    file = ImageFile.inspect(after)
    assert (file.width, file.height) == SIZE
    assert file == ImageFile.inspect(data)


@variants
def test_equal_pictures_stay_equal_bytes(data: bytes) -> None:
    assert marked(data) == marked(data)
    assert marked(marked(data)) == marked(data)


@without_xmp
def test_one_piece_is_put_into_the_file_and_all_else_is_there_as_it_was(name: str) -> None:
    data = VARIANTS[name]()
    after = marked(data)

    if name.startswith("webp"):
        # Its header says how long it is and what is in it.
        extended = data[12:16] == b"VP8X"
        assert after[30:].startswith(data[30 if extended else 12 :])
    else:
        before = next(at for at in range(len(data)) if data[at] != after[at])
        assert after.endswith(data[before:])


@with_xmp
def test_a_packet_that_came_with_the_file_stays_as_it_is(name: str) -> None:
    after = marked(VARIANTS[name]())
    packet = embedded(after, media_type(after)).xmp
    assert packet is not None

    before, ours, rest = packet.partition(b"<rdf:Description")
    assert ours
    assert before + rest.partition(b"</rdf:Description>")[2] == THEIRS


@pytest.mark.parametrize(
    "unreadable",
    [
        b"",
        b"<x:xmpmeta",
        b"\xff\xfe",
        b"<RDF/>",
        THEIRS.decode().encode("utf-16"),
        THEIRS.replace(b"<x:xmpmeta", b'<!DOCTYPE a [<!ENTITY b "c">]><x:xmpmeta'),
        b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
    ],
)
def test_a_packet_that_nobody_can_read_makes_room_for_one_that_says_what_it_is(unreadable: bytes) -> None:
    data = webp.with_xmp(VARIANTS["webp lossy"](), unreadable)
    assert embedded(data, MediaType.WEBP).xmp == unreadable
    assert said(marked(data)) == DRAWN.properties


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("trainedAlgorithmicMedia", "trainedAlgorithmicMedia"),
        ("compositeWithTrainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"),
        ("digitalCapture", "trainedAlgorithmicMedia"),
        ("trainedAlgorithmicMediaNot", "trainedAlgorithmicMedia"),
    ],
)
def test_no_drawn_image_says_that_it_is_a_photograph(theirs: str, ours: str) -> None:
    packet = xmp.packet({"Iptc4xmpExt:DigitalSourceType": SOURCE_TYPES + theirs, "xmp:CreatorTool": "A gateway"})
    expected = {
        **DRAWN.properties,
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPES + ours,
        "xmp:CreatorTool": "A gateway",
    }
    assert said(marked(png.with_xmp(VARIANTS["png rgb"](), packet))) == expected


def test_a_file_that_a_manifest_elsewhere_vouches_for_is_left_alone() -> None:
    packet = xmp.packet({"dcterms:provenance": "https://credentials.example/1.c2pa"})
    data = jpeg.with_xmp(VARIANTS["jpeg baseline"](), packet)
    assert marked(data) == data


def test_rules_make_no_trained_media() -> None:
    statement = Statement(source=MediaSource.ALGORITHMIC, generator="sketch", model="sketch", seed=7, prompt="a fox")
    assert said(marked(VARIANTS["png rgb"](), statement)) == {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPES + "algorithmicMedia",
        "xmp:CreatorTool": "Darkroom",
        "darkroom:Generator": "sketch",
        "darkroom:Model": "sketch",
        "darkroom:Seed": "7",
    }


def test_the_longest_prompt_fits_into_a_jpeg() -> None:
    statement = replace(PROMPTED, prompt="\N{GRINNING FACE}&" * 32_000)
    assert said(marked(VARIANTS["jpeg baseline"](), statement))["Iptc4xmpExt:AIPromptInformation"].startswith("😀&😀&")


def test_a_packet_that_leaves_no_room_in_a_jpeg_is_told() -> None:
    packet = xmp.packet({"xmp:CreatorTool": "x" * 65_000})
    with pytest.raises(InvalidValue, match="too long"):
        marked(jpeg.with_xmp(VARIANTS["jpeg baseline"](), packet))


def test_a_transparent_picture_stays_transparent_to_those_who_look_at_the_header_only() -> None:
    for name, transparent in (("webp lossless alpha", True), ("webp lossless", False), ("webp lossy", False)):
        header = marked(VARIANTS[name]())[12:30]
        assert header.startswith(b"VP8X")
        assert bool(header[8] & 0x10) is transparent
        with Image.open(io.BytesIO(marked(VARIANTS[name]()))) as image:
            assert image.mode == ("RGBA" if transparent else "RGB")
