"""The seed that drew an image, in each form in which answers report it."""

import json
import logging

import httpx
import pytest

from darkroom.adapters.generators.openai_images.answer import read_answer
from darkroom.adapters.generators.replicate.prediction import Prediction
from darkroom.adapters.generators.seeds import matched, reported_by, reported_in, seed_that_drew
from darkroom.adapters.in_memory.generator import WIDEST_CARD
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.linked_image import LinkedImage
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.values import ImageSize, Prompt, Seed

SENT = Seed(42)
REQUEST = GenerationRequest(
    version=WIDEST_CARD.version, prompt=Prompt("a fox"), size=ImageSize(64, 64), samples=1, seeds=(SENT,)
)


@pytest.mark.parametrize(
    "said",
    [
        {"seed": 7},
        {"seed": "7"},
        {"seed": " 7 "},
        {"seed": 7.0},
        {"seed": "7.0"},
        {"seeds": [7, 8]},
        {"meta": {"Seed": 7}},
        {"info": {"all_seeds": ["7"], "seed": 7}},
        {"timings": [{"used_seed": 7}]},
        {"parameters": {"seed": 42}, "seed": 7},
    ],
    ids=json.dumps,
)
def test_a_reported_seed_counts_at_any_depth(said: object) -> None:
    assert seed_that_drew(list(reported_in(said)), SENT) == Seed(7)


@pytest.mark.parametrize(
    "said",
    [
        {"seed": True},
        {"seed": -1},
        {"seed": 2**32},
        {"seed": "0x7"},
        {"seed": 7.5},
        {"seed": {}},
        {"seed": 7, "a": {"seed": 8}},
    ],
    ids=json.dumps,
)
def test_an_unreadable_or_ambiguous_seed_is_unknown(said: object, caplog: pytest.LogCaptureFixture) -> None:
    assert seed_that_drew(list(reported_in(said)), SENT) is None
    assert "not known" in caplog.text


@pytest.mark.parametrize(
    "said", [None, {}, [], "seed", {"seed": None}, {"seed": ""}, {"seeds": []}, {"input": {"seed": 7}}]
)
def test_without_a_reported_seed_the_one_sent_counts_unless_declared_otherwise(said: object) -> None:
    reported = list(reported_in(said))

    assert seed_that_drew(reported, SENT) == SENT
    assert seed_that_drew(reported, SENT, only_reported=True) is None


@pytest.mark.parametrize("name", ["seed", "X-Seed", "x-image-seed"])
def test_a_seed_in_a_header_counts(name: str) -> None:
    assert seed_that_drew(list(reported_by(httpx.Headers({name: "7", "x-request": "9"}))), SENT) == Seed(7)


def test_a_seed_other_than_the_one_sent_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    assert seed_that_drew([7], SENT) == Seed(7)
    assert "another seed" in caplog.text


@pytest.mark.parametrize(
    ("entries", "sent", "expected"),
    [
        ([{"seed": "8"}, {"seed": "7"}], [7, 8], {0: (1, 7), 1: (0, 8)}),
        ([{"index": 1}, {"index": 0}], [7, 8], {0: (1, 7), 1: (0, 8)}),
        ([{"index": 1, "seed": 7}, {"index": 0, "seed": 8}], [7, 8], {0: (0, None), 1: (1, None)}),
        ([{"seed": 7}, {"seed": 7}], [7, 8], {0: (0, None), 1: (1, None)}),
        ([{"seed": 7}, {"seed": 7}], [7, 7], {0: (0, 7), 1: (1, 7)}),
        ([{"seed": 7}, {}], [7, 8], {0: (0, 7), 1: (1, 8)}),
        ([{}, {"seed": 7}], [7, 8], {0: (1, 7), 1: (0, 8)}),
        ([{"seed": 9}, {"seed": 7}], [7, 8], {0: (1, 7), 1: (0, 9)}),
        ([{"seed": True}, {"seed": 7}], [7, 8], {0: (1, 7), 1: (0, None)}),
        ([{"seed": 1}, {"seed": 8}, {"seed": 7}], [7, 8], {0: (2, 7), 1: (1, 8)}),
        ([{"seed": 8}], [7, 8], {1: (0, 8)}),
        ([], [7, 8], {}),
        (["link", None], [7, 8], {0: (0, 7), 1: (1, 8)}),
    ],
    ids=str,
)
def test_entries_are_matched_to_their_samples(
    entries: list[object], sent: list[int], expected: dict[int, tuple[int, int | None]]
) -> None:
    found = matched(entries, [Seed(seed) for seed in sent])

    assert {index: (place, seed and seed.value) for index, (place, seed) in found.items()} == expected


@pytest.mark.parametrize(
    "reported", [{"data": [{"seed": "7"}]}, {"seed": 7, "data": [{}]}, {"data": [{"meta": {"seed": 7}}]}]
)
def test_a_link_is_kept_with_the_seed_that_drew_it(reported: dict[str, list[dict[str, object]]]) -> None:
    reported["data"][0]["url"] = "https://cdn.example.com/a.png"
    receipt = read_answer(Answer(200, httpx.Headers(), json.dumps(reported).encode()), REQUEST)

    assert LinkedImage.decode(receipt.reference, REQUEST) == LinkedImage("https://cdn.example.com/a.png", 7)


def test_a_receipt_of_the_previous_release_is_a_bare_link_with_the_seed_sent() -> None:
    assert LinkedImage.decode(b"https://cdn.example.com/a.png", REQUEST).seed == SENT.value


def test_a_prediction_reports_its_seed_in_its_log() -> None:
    prediction = Prediction({"logs": "Loading\nUsing seed: 7\n100%|###| 28/28 [00:01", "output": ["https://a"]})

    assert seed_that_drew(list(prediction.reported_seeds()), SENT) == Seed(7)
