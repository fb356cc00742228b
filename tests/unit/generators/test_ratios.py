"""The sizes that stand for aspect ratios, by default and as an operator lists them."""

import pytest

from darkroom.adapters.generators.ratios import TIERS, RatioTable, Shape
from darkroom.domain.model.errors import Charged, GeneratorRefused, InvalidValue
from darkroom.domain.model.model_card import PixelRange
from darkroom.domain.model.values import ImageSize

RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "9:21", "21:9", "1:2", "2:1", "1:4", "4:1")
LONG_RATIOS = ("1:8", "8:1", "9:19.5", "19.5:9", "9:20", "20:9")


def test_a_list_names_ratios_and_tiers() -> None:
    table = RatioTable.read("1:1=1024x1024|16:9@2K=2752x1536|19.5:9@512=704x320")

    assert table.shapes == {
        ImageSize(1024, 1024): Shape("1:1"),
        ImageSize(2752, 1536): Shape("16:9", "2K"),
        ImageSize(704, 320): Shape("19.5:9", "512"),
    }
    assert table.sizes.side == PixelRange(320, 2752)
    assert table.sizes.listed == tuple(table.shapes)


@pytest.mark.parametrize("ratio", [*RATIOS, *LONG_RATIOS])
def test_the_default_size_of_a_ratio_has_about_its_shape_and_a_megapixel(ratio: str) -> None:
    (size,) = RatioTable.of([ratio]).shapes
    wide, high = map(float, ratio.split(":"))

    assert size.width / size.height == pytest.approx(wide / high, rel=0.05)
    assert size.width * size.height == pytest.approx(2**20, rel=0.05)
    assert size.width % 16 == size.height % 16 == 0


def test_no_two_shapes_share_a_size() -> None:
    table = RatioTable.of(RATIOS, TIERS)

    assert len(table.shapes) == len(RATIOS) * len(TIERS)
    assert table.shape(ImageSize(2752, 1536)) == Shape("16:9", "2K")
    assert table.shape(ImageSize(512, 512)) == Shape("1:1", "512")


def test_ratios_that_no_order_can_have_or_that_are_unknown_are_left_out() -> None:
    assert RatioTable.of(["1:8", "7:5", "auto"], ["4K"]).shapes == {}


def test_a_table_without_a_ratio_has_squares() -> None:
    assert RatioTable.of([None], ["1K", "2K"]).shapes == {
        ImageSize(1024, 1024): Shape(None, "1K"),
        ImageSize(2048, 2048): Shape(None, "2K"),
    }


def test_a_size_that_is_no_longer_offered_is_refused_without_cost() -> None:
    with pytest.raises(GeneratorRefused, match="512 x 512 now") as refused:
        RatioTable.of(["1:1"]).shape(ImageSize(512, 512))

    assert refused.value.charged is Charged.NO


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("16:9", "must name a ratio for each size"),
        ("1024x1024", "must name a ratio for each size"),
        ("1:1=1024x1024|", "must name a ratio for each size"),
        ("1:1@3K=1024x1024", "one of 512, 1K, 2K, 4K"),
        ("1:1=8x8", "cannot be drawn: a side must be an integer from 16 to 8192"),
        ("1:1=99999x99999", "cannot be drawn"),
        ("1:1=1024x1024|5:5=1024x1024", "must name each size once"),
    ],
)
def test_an_invalid_list_is_reported(text: str, says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        RatioTable.read(text)
