from __future__ import annotations

import base64
import json
from typing import Final

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from darkroom.adapters.generators.karlo.answer import read_answer
from darkroom.adapters.generators.karlo.receipt import KarloReceipt
from darkroom.adapters.in_memory.generator import tile
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import Charged, DrawingFailed, GeneratorUnavailable, OutcomeUnknown, UnusableImage
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt, Seed
from darkroom.domain.ports import Receipt

PNG: Final = base64.b64encode(tile(384, 384, 0)).decode()


def request(*seeds: int) -> GenerationRequest:
    return GenerationRequest(
        version=ModelVersion("v2.1"),
        prompt=Prompt("a fox"),
        size=ImageSize(384, 384),
        samples=len(seeds),
        seeds=tuple(map(Seed, seeds)),
    )


def entry(name: str, seed: object, **changes: object) -> dict[str, object]:
    return {"id": name, "image": f"https://cdn.example/{name}", "seed": seed, **changes}


def read(body: object, *seeds: int, status: int = 200) -> Receipt:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_answer(Answer(status, httpx.Headers(), raw), request(*seeds))


def linked(receipt: Receipt) -> list[tuple[int, str | None, int | None]]:
    return [(image.index, image.id, image.seed) for image in KarloReceipt.decode(receipt.reference).linked]


def test_images_are_matched_by_their_seeds() -> None:
    receipt = read({"images": [entry("c", 30), entry("a", 10), entry("b", 20)]}, 10, 20, 30)

    assert linked(receipt) == [(0, "a", 10), (1, "b", 20), (2, "c", 30)]


def test_images_with_equal_seeds_are_matched_by_position() -> None:
    receipt = read({"images": [entry("a", 7), entry("b", 7)]}, 7, 7)

    assert linked(receipt) == [(0, "a", 7), (1, "b", 7)]


@pytest.mark.parametrize(
    ("reported", "seed"),
    [(None, 20), ("", 20), ("20", 20), (20.0, 20), ([20], 20), (True, None), (-1, None), (2**32, None), ("x", None)],
)
def test_an_unreadable_seed_is_unknown_and_a_missing_one_is_the_one_sent(reported: object, seed: int | None) -> None:
    receipt = read({"images": [entry("c", 30), entry("b", reported), entry("a", 10)]}, 10, 20, 30)

    assert linked(receipt) == [(0, "a", 10), (1, "b", seed), (2, "c", 30)]


def test_seeds_may_be_decimal_strings() -> None:
    receipt = read({"images": [entry("c", "30"), entry("a", "10"), entry("b", "20")]}, 10, 20, 30)

    assert linked(receipt) == [(0, "a", 10), (1, "b", 20), (2, "c", 30)]


def test_contradictory_seeds_are_unknown_and_images_are_matched_by_position() -> None:
    receipt = read({"images": [entry("a", 20), entry("b", 20), entry("c", 10)]}, 10, 20, 30)

    assert linked(receipt) == [(0, "a", None), (1, "b", None), (2, "c", None)]


def test_a_reported_seed_counts_even_if_another_was_sent() -> None:
    receipt = read({"images": [entry("a", 10), entry("b", 21)]}, 10, 20)

    assert linked(receipt) == [(0, "a", 10), (1, "b", 21)]


def test_good_images_are_kept_if_others_are_flawed() -> None:
    receipt = read({"images": [entry("a", 10, image=None), entry("b", 20)]}, 10, 20)
    kept = KarloReceipt.decode(receipt.reference)

    assert linked(receipt) == [(1, "b", 20)]
    assert [str(failure) for failure in kept.failures()] == ["image 0 has no link or base64 in the provider's answer"]
    assert [b'"image": null' in piece for piece in receipt.evidence if isinstance(piece, bytes)] == [True]


def test_images_inside_the_answer_need_no_receipt() -> None:
    receipt = read({"images": [entry("a", 10, image=PNG), entry("b", 20, image=PNG)]}, 10, 20)

    assert receipt.reference == b""
    assert [(image.index, image.id, image.seed) for image in receipt.images] == [(0, "a", Seed(10)), (1, "b", Seed(20))]


def test_flaws_beside_images_inside_the_answer_are_kept_in_the_receipt() -> None:
    receipt = read({"images": [entry("a", 10, image=PNG), entry("b", 20, image="%")]}, 10, 20)

    assert [image.index for image in receipt.images] == [0]
    assert "image 1" in str(KarloReceipt.decode(receipt.reference).failures()[0])


@pytest.mark.parametrize("value", [True, "yes", 1, []])
def test_any_flag_other_than_false_withholds_the_image(value: object) -> None:
    receipt = read({"images": [entry("a", 10, nsfw_content_detected=value)]}, 10)

    (failure,) = KarloReceipt.decode(receipt.reference).failures()
    assert failure.charged is Charged.YES
    assert linked(receipt) == []


@pytest.mark.parametrize("name", [None, "", 7, "a\nb", "a\0b", "x" * 513, "\ud800"])
def test_an_invalid_id_is_dropped_and_the_image_is_kept(name: object) -> None:
    receipt = read({"images": [entry("a", 10, id=name)]}, 10)

    assert linked(receipt) == [(0, None, 10)]


def test_no_picture_is_returned_twice() -> None:
    receipt = read(
        {"images": [entry("a", 10), entry("a", 20), entry("c", 30, image="https://cdn.example/a")]}, 10, 20, 30
    )

    assert linked(receipt) == [(0, "a", 10)]
    assert len(KarloReceipt.decode(receipt.reference).flaws) == 2


@pytest.mark.parametrize("status", [200, 400, 403, 500, 503])
def test_the_code_is_read_before_the_status(status: int) -> None:
    with pytest.raises(GeneratorUnavailable) as raised:
        read({"code": -10, "msg": "API limit has been exceeded"}, 10, status=status)

    assert raised.value.charged is Charged.NO


@pytest.mark.parametrize("code", [0, 7, -99_999, "-777"])
def test_an_unknown_code_means_an_unknown_outcome(code: object) -> None:
    with pytest.raises(OutcomeUnknown):
        read({"code": code, "msg": "new here"}, 10)


def test_images_take_precedence_over_a_code() -> None:
    assert linked(read({"code": 0, "images": [entry("a", 10)]}, 10)) == [(0, "a", 10)]


def test_the_providers_words_are_not_in_the_failure() -> None:
    for body in ({"code": -2, "msg": "hush"}, {"code": -1, "msg": "hush"}, {"images": ["hush"]}, b"hush"):
        with pytest.raises(DrawingFailed) as raised:
            read(body, 10)
        assert "hush" not in str(raised.value)


anything: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
almost_an_image: Final = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["a", "b", ""]) | anything,
        "image": st.sampled_from(["https://cdn.example/a", "https://cdn.example/b", PNG]) | anything,
        "seed": st.sampled_from([10, 20, 30]) | anything,
        "nsfw_content_detected": st.booleans() | anything,
    },
)
almost_an_answer: Final = st.fixed_dictionaries(
    {},
    optional={"images": st.lists(almost_an_image | anything, max_size=5) | anything, "code": st.integers() | anything},
)


@given(
    body=almost_an_answer | anything,
    status=st.sampled_from([200, 204, 307, 400, 401, 429, 500]) | st.integers(100, 999),
)
@example(body={"images": [entry("a", 10, image="\ud800")]}, status=200)
@example(body={"code": 10**4000}, status=200)
@example(body={"images": [entry("a", 10**4000, nsfw_score=float("nan"))]}, status=200)
def test_any_json_becomes_a_receipt_or_a_failure(body: object, status: int) -> None:
    try:
        receipt = read(body, 10, 20, 30, status=status)
    except DrawingFailed as failure:
        assert failure.detail
        return
    kept = KarloReceipt.decode(receipt.reference)
    given = [*(image.index for image in kept.linked), *(image.index for image in receipt.images)]
    assert len(set(given)) == len(given)
    assert len(given) == 3 or kept.failures()
    assert len(receipt.reference) < 100_000


@given(st.binary())
@example(b"[" * 100_000)
@example(b'{"images":' * 50_000)
@example(b'{"images": [{"seed": ' + b"9" * 100_000 + b"}]}")
def test_any_bytes_become_a_failure(body: bytes) -> None:
    with pytest.raises(UnusableImage) as raised:
        read(body, 10)

    assert raised.value.evidence == body
