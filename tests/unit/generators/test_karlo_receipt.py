from __future__ import annotations

from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from darkroom.adapters.generators.karlo.receipt import KarloReceipt, LinkedImage
from darkroom.domain.model.errors import Charged, PromptRejected, UnusableImage

FULL: Final = KarloReceipt(
    linked=(
        LinkedImage(0, "a2Fy+/==-1", 2**32 - 1, "https://cdn.example/a?signature=a%2Bb%3D"),
        LinkedImage(7, None, 0, "x"),
    ),
    flaws=("image 1 is missing",),
    withheld=(2,),
    evidence=b"\xff\0raw",
)


def test_a_receipt_survives_encoding() -> None:
    assert KarloReceipt.decode(FULL.encode()) == FULL


def test_a_receipt_with_nothing_to_collect_is_empty() -> None:
    assert KarloReceipt().encode() == b""
    assert KarloReceipt.decode(b"") == KarloReceipt()


def test_a_receipt_is_small() -> None:
    one = LinkedImage(0, "i" * 90, 2**32 - 1, "https://mk.kakaocdn.net/" + "x" * 230)

    assert len(KarloReceipt(linked=(one,) * 8).encode()) < 4096


def test_missing_and_withheld_images_were_charged() -> None:
    assert [(type(failure), failure.charged) for failure in FULL.failures()] == [
        (UnusableImage, Charged.YES),
        (PromptRejected, Charged.YES),
    ]
    assert FULL.failures()[0].evidence == b"\xff\0raw"


@given(st.binary(min_size=1))
@example(b"[" * 100_000)
@example(b'{"linked":[{"index":8,"id":null,"seed":0,"link":"x"}]}')
@example(b'{"linked":[{"index":0,"id":null,"seed":4294967296,"link":"x"}]}')
@example(b'{"linked":[{"index":0,"id":null,"seed":0,"link":"\xff"}]}')
@example(b'{"unknown":1}')
def test_other_bytes_are_not_a_receipt(reference: bytes) -> None:
    with pytest.raises(UnusableImage, match="receipt"):
        KarloReceipt.decode(reference)
