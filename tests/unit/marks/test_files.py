"""The mark is metadata: the pixels and everything else in a file stay unchanged."""

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
def test_a_mark_is_read_back_unchanged(name: str, statement: Statement) -> None:
    assert said(marked(VARIANTS[name](), statement)) == statement.properties


@with_xmp
def test_existing_statements_in_a_file_are_kept(name: str) -> None:
    assert said(marked(VARIANTS[name]())) == {**DRAWN.properties, "xmp:CreatorTool": "Studio & Sons"}


@variants
def test_pixels_and_all_other_metadata_are_unchanged(data: bytes) -> None:
    after = marked(data)

    assert pixels(after) == pixels(data)
    assert metadata(after) == metadata(data)
    file = ImageFile.inspect(after)
    assert (file.width, file.height) == SIZE
    assert file == ImageFile.inspect(data)


@variants
def test_marking_is_deterministic_and_idempotent(data: bytes) -> None:
    assert marked(data) == marked(data)
    assert marked(marked(data)) == marked(data)


@without_xmp
def test_a_mark_is_one_insertion_and_all_other_bytes_are_unchanged(name: str) -> None:
    data = VARIANTS[name]()
    after = marked(data)

    if name.startswith("webp"):
        # The header of a WebP contains its length and lists its chunks, so it may change.
        extended = data[12:16] == b"VP8X"
        assert after[30:].startswith(data[30 if extended else 12 :])
    else:
        before = next(at for at in range(len(data)) if data[at] != after[at])
        assert after.endswith(data[before:])


@with_xmp
def test_an_existing_packet_is_only_added_to(name: str) -> None:
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
def test_an_unreadable_packet_is_replaced(unreadable: bytes) -> None:
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
def test_no_drawn_image_claims_to_be_a_photograph(theirs: str, ours: str) -> None:
    packet = xmp.packet({"Iptc4xmpExt:DigitalSourceType": SOURCE_TYPES + theirs, "xmp:CreatorTool": "A gateway"})
    expected = {
        **DRAWN.properties,
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPES + ours,
        "xmp:CreatorTool": "A gateway",
    }
    assert said(marked(png.with_xmp(VARIANTS["png rgb"](), packet))) == expected


def test_a_file_with_a_remote_manifest_is_left_unchanged() -> None:
    packet = xmp.packet({"dcterms:provenance": "https://credentials.example/1.c2pa"})
    data = jpeg.with_xmp(VARIANTS["jpeg baseline"](), packet)
    assert marked(data) == data


def test_an_image_drawn_by_an_algorithm_is_not_marked_as_trained_media() -> None:
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


def test_a_packet_too_long_for_a_jpeg_is_reported() -> None:
    packet = xmp.packet({"xmp:CreatorTool": "x" * 65_000})
    with pytest.raises(InvalidValue, match="too long"):
        marked(jpeg.with_xmp(VARIANTS["jpeg baseline"](), packet))


def test_a_marked_webp_declares_transparency_in_its_header() -> None:
    for name, transparent in (("webp lossless alpha", True), ("webp lossless", False), ("webp lossy", False)):
        header = marked(VARIANTS[name]())[12:30]
        assert header.startswith(b"VP8X")
        assert bool(header[8] & 0x10) is transparent
        with Image.open(io.BytesIO(marked(VARIANTS[name]()))) as image:
            assert image.mode == ("RGBA" if transparent else "RGB")
