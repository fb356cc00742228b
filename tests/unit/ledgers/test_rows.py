"""Rows outlive the code that wrote them: every later release can read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from conformance.generations import NOON, image_of, received, stored
from darkroom.adapters.ledgers.rows import decode, encode_outcome, encode_request, images_on_record
from darkroom.domain.model.errors import Charged, UnusableImage
from darkroom.domain.model.generation import Generation, GenerationRequest, State
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.money import Money
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.model.values import (
    IdempotencyKey,
    ImageSize,
    ModelVersion,
    Prompt,
    Seed,
)
from darkroom.domain.ports import ImageOnRecord

REQUEST = (
    '{"version":{"value":"v2.1"},"prompt":{"value":"등대 \\"in\\" the fog\\n"},"size":{"width":1024,"height":768},'
    '"samples":2,"seeds":[{"value":0},{"value":4294967295}],"negative_prompt":{"value":"people"},'
    '"num_inference_steps":{"value":50},"guidance_scale":{"value":5.5}}'
)
OUTCOME = (
    '{"waiting":[{"index":1,"id":"a2FybG8","seed":{"value":4294967295},"key":"images/2026/03/14/x-1.webp",'
    '"media_type":"image/webp","length":291000,"sha256":"%s"}],'
    '"failure":{"kind":"UnusableImage","detail":"1 of 2 images came","charged":"yes","retry_after":null},'
    '"cost":{"amount":"0.040","currency":"USD"},"promised":true}'
) % ("e" * 64)
ROW: dict[str, Any] = {
    "id": "0199f0a0-0000-7000-8000-000000000000",
    "caller": "ada",
    "key": "k",
    "fingerprint": "f" * 64,
    "version": "v2.1",
    "samples": 2,
    "generator": "karlo",
    "state": "drawn",
    "revision": 3,
    "receipt": b"links",
    "request": REQUEST,
    "outcome": OUTCOME,
    "created_at": datetime(2026, 3, 14, 12, tzinfo=UTC),
    "finished_at": None,
    "erased_at": None,
}
REQUESTED = GenerationRequest(
    version=ModelVersion("v2.1"),
    prompt=Prompt('등대 "in" the fog\n'),
    size=ImageSize(1024, 768),
    samples=2,
    seeds=(Seed(0), Seed(4294967295)),
    parameters=Parameters.of(negative_prompt="people", num_inference_steps=50, guidance_scale=5.5),
)


def in_the_row() -> Generation:
    order = Generation(
        id="0199f0a0-0000-7000-8000-000000000000",
        caller="ada",
        request=REQUESTED,
        model=REQUESTED.version,
        generator="karlo",
        fingerprint="f" * 64,
        created_at=datetime(2026, 3, 14, 12, tzinfo=UTC),
        key=IdempotencyKey("k"),
        cost=Money.parse("0.040 USD"),
        promised=True,
    )
    image = replace(
        image_of(order),
        index=1,
        id="a2FybG8",
        seed=Seed(4294967295),
        key="images/2026/03/14/x-1.webp",
        media_type=MediaType.WEBP,
        length=291_000,
        sha256="e" * 64,
    )
    return order.submitted().receipted(b"links").drawn([image], UnusableImage("1 of 2 images came"))


def test_a_row_of_the_first_release_is_read() -> None:
    assert decode(ROW) == in_the_row()


def test_a_written_row_is_read_back_unchanged() -> None:
    lifted = in_the_row().stored([], NOON).lifted_by([image_of(in_the_row())], "it was there after all", NOON)
    for generation in (in_the_row(), lifted):
        row = {**ROW, "request": encode_request(generation.request), "outcome": encode_outcome(generation)}
        changed = {"state": generation.state, "revision": generation.revision, "finished_at": generation.finished_at}
        assert decode({**row, **changed, "receipt": generation.receipt}) == generation


def test_a_rule_that_became_stricter_makes_no_row_unreadable() -> None:
    beyond = (
        REQUEST.replace('"num_inference_steps":{"value":50}', '"num_inference_steps":{"value":5000}')
        .replace('"seeds":[{"value":0}', '"seeds":[{"value":-1}')
        .replace('{"width":1024,', '{"width":100000,')
        .replace('"prompt":{"value":"', '"prompt":{"value":"\\u0000')
    )

    decoded = decode({**ROW, "request": beyond})

    assert (decoded.request.parameters.given["num_inference_steps"], decoded.request.size.width) == (5000, 100_000)
    assert decoded.request.seeds[0].value == -1
    assert encode_request(decoded.request) == encode_request(decode({**ROW, "request": beyond}).request)


@pytest.mark.parametrize(
    "broken",
    [
        {"request": "{"},
        {"outcome": "[]"},
        {"outcome": OUTCOME.replace('"sha256"', '"sha1"')},
        {"outcome": OUTCOME.replace('"image/webp"', '"image/of-tomorrow"')},
        {"outcome": OUTCOME.replace('"0.040"', '"much"')},
        {"outcome": OUTCOME.replace('"charged":"yes"', '"charged":"perhaps"')},
    ],
    ids=str,
)
def test_the_readable_parts_of_a_damaged_row_are_shown(
    broken: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    decoded = decode({**ROW, **broken})

    assert (decoded.id, decoded.state, decoded.request.version) == (ROW["id"], State.DRAWN, ModelVersion("v2.1"))
    assert "cannot be read" in caplog.text


def test_a_failure_of_an_unknown_code_is_an_internal_fault() -> None:
    later = OUTCOME.replace('"kind":"UnusableImage"', '"code":"of-tomorrow"')

    failure = decode({**ROW, "outcome": later}).failure

    assert failure
    assert (failure.error().code, failure.error().charged) == ("internal", Charged.YES)


def test_unknown_fields_of_a_later_release_are_ignored() -> None:
    later = {**ROW, "outcome": OUTCOME.replace("{", '{"new":1,', 1), "request": REQUEST.replace("{", '{"new":1,', 1)}

    assert decode(later) == in_the_row()


def test_times_are_read_in_the_databases_own_form() -> None:
    row = {**ROW, "state": State.STORED, "created_at": 1, "finished_at": 2, "erased_at": 3}

    decoded = decode(row, lambda stored: datetime.fromtimestamp(stored, UTC))

    assert [at and at.timestamp() for at in (decoded.created_at, decoded.finished_at, decoded.erased_at)] == [1, 2, 3]


def test_images_on_record_are_the_waiting_and_the_stored_ones() -> None:
    order = received(samples=2)
    outcomes = ["{}", OUTCOME, encode_outcome(stored(order)[-1])]

    assert list(images_on_record(outcomes)) == [
        ImageOnRecord("images/2026/03/14/x-1.webp", waits=True),
        ImageOnRecord(image_of(order, 0).key, waits=False),
        ImageOnRecord(image_of(order, 1).key, waits=False),
    ]
