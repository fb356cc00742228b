"""The arrows (transitions) of a generation: the state each leads to, what it keeps and what it frees."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest

from conformance.generations import NOON, drawn, image_of, received, stored
from darkroom.domain.model.errors import (
    Charged,
    DarkroomError,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    Gone,
    OutcomeUnknown,
    StorageUnavailable,
    UnusableImage,
)
from darkroom.domain.model.generation import Failure, Fallback, Generation, State
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import ModelVersion, WebhookUrl
from darkroom.domain.use_cases.restored import revisions_after_restore

RECEIVED: Final = replace(
    received(key="k", samples=2, cost="0.02 USD"),
    fallbacks=(Fallback(ModelVersion("other"), "other", (), Money.parse("0.5 USD")),),
    webhook=WebhookUrl("https://receiver.example/hook"),
)
SUBMITTED, RECEIPTED, DRAWN, STORED = stored(RECEIVED)
REFUSED = SUBMITTED.failed(GeneratorRefused("no such key"), NOON)
UNKNOWN = RECEIPTED.failed(OutcomeUnknown("cut off"), NOON)
UNUSABLE = RECEIPTED.failed(UnusableImage("torn"), NOON)
CANCELLED = RECEIVED.cancelled(NOON)
IN_PART = RECEIPTED.drawn([image_of(RECEIVED, 1)], OutcomeUnknown("cut off"))
EACH: Final = {one.state: one for one in (RECEIVED, SUBMITTED, DRAWN, STORED, REFUSED, UNKNOWN, UNUSABLE, CANCELLED)}
LATER: Final = NOON + timedelta(hours=1)

ARROWS: Final[dict[State, Callable[[Generation], Generation]]] = {
    State.SUBMITTED: lambda one: one.submitted(),
    State.DRAWN: lambda one: one.drawn([]),
    State.STORED: lambda one: one.lifted_by([image_of(one, 0), image_of(one, 1)], "found", LATER),
    State.REFUSED: lambda one: one.failed(GeneratorUnavailable("closed"), LATER),
    State.UNKNOWN: lambda one: one.failed(OutcomeUnknown("cut off"), LATER),
    State.UNUSABLE: lambda one: one.failed(UnusableImage("torn"), LATER),
    State.CANCELLED: lambda one: one.cancelled(LATER),
}
LEADS: Final = {
    State.RECEIVED: {State.SUBMITTED, State.REFUSED, State.CANCELLED},
    State.SUBMITTED: {State.SUBMITTED, State.DRAWN, State.REFUSED, State.UNKNOWN, State.UNUSABLE},
    State.DRAWN: {State.STORED, State.UNKNOWN, State.UNUSABLE},
    State.UNKNOWN: {State.UNKNOWN, State.STORED, State.REFUSED},
    State.UNUSABLE: {State.UNUSABLE, State.STORED},
}


@pytest.mark.parametrize(("start", "end"), [*itertools.product(EACH, ARROWS)])
def test_only_the_arrows_of_the_state_diagram_exist(start: State, end: State) -> None:
    before, arrow = EACH[start], ARROWS[end]
    if end in LEADS.get(start, ()):
        after = arrow(before)
        assert (after.state, after.revision, after.id) == (end, before.revision + 1, before.id)
    else:
        with pytest.raises(ValueError, match=f"no arrow leads from {start} to {end}"):
            arrow(before)


@pytest.mark.parametrize("state", [state for state in EACH if state.final])
def test_no_arrow_leads_from_a_deleted_generation_and_its_webhook_is_forgotten(state: State) -> None:
    erased = EACH[state].erased(LATER)
    assert (erased.webhook, erased.erased_at, erased.prompts_kept) == (None, LATER, False)
    assert erased.revision == EACH[state].revision + 1
    for arrow in ARROWS.values():
        with pytest.raises(ValueError, match="no arrow leads"):
            arrow(erased)


@pytest.mark.parametrize("state", [state for state in EACH if not state.final])
def test_a_generation_that_has_not_ended_cannot_be_deleted(state: State) -> None:
    with pytest.raises(ValueError, match="cannot be erased"):
        EACH[state].erased(LATER)


@pytest.mark.parametrize(
    ("generation", "charged", "error"),
    [
        (RECEIVED, Charged.NO, None),
        (SUBMITTED, Charged.UNKNOWN, None),
        (RECEIPTED, Charged.YES, None),
        (DRAWN, Charged.YES, StorageUnavailable),
        (IN_PART, Charged.UNKNOWN, StorageUnavailable),
        (STORED, Charged.YES, None),
        (REFUSED, Charged.NO, GeneratorRefused),
        (UNKNOWN, Charged.UNKNOWN, OutcomeUnknown),
        (UNUSABLE, Charged.YES, UnusableImage),
        (CANCELLED, Charged.NO, Gone),
    ],
    ids=lambda value: value.state.value if isinstance(value, Generation) else getattr(value, "__name__", str(value)),
)
def test_each_state_reports_whether_it_was_charged_and_its_error(
    generation: Generation, charged: Charged, error: type[DarkroomError] | None
) -> None:
    assert generation.charged is charged
    assert type(generation.error) is (error or type(None))


def test_a_key_is_freed_if_nothing_was_spent_and_kept_if_money_may_have_been() -> None:
    for free in (REFUSED, CANCELLED, UNKNOWN.refused_late(GeneratorUnavailable("closed"), "late", LATER)):
        assert (free.key, free.cost, free.finished_at is not None) == (None, None, True)
    for kept in (STORED, UNKNOWN, UNUSABLE):
        assert (kept.key, kept.cost, kept.receipt) == (RECEIVED.key, RECEIVED.cost, None)


def test_a_generation_that_lost_images_before_they_were_stored_is_unusable() -> None:
    lost = DRAWN.stored(DRAWN.waiting[:1], NOON, lost="the disk is gone")

    assert (lost.state, lost.charged, len(lost.images), lost.waiting) == (State.UNUSABLE, Charged.YES, 1, ())
    assert lost.failure == Failure("unusable-image", "the disk is gone", Charged.YES)
    assert (STORED.state, STORED.failure, STORED.images, STORED.waiting) == (State.STORED, None, DRAWN.waiting, ())
    assert STORED.finished_at is not None


@pytest.mark.parametrize(
    "end",
    [
        lambda at: DRAWN.stored(DRAWN.waiting, at),
        lambda at: SUBMITTED.failed(OutcomeUnknown("cut off"), at),
        RECEIVED.cancelled,
        lambda at: UNKNOWN.lifted_by([image_of(RECEIVED, 0)], "found", at),
        lambda at: UNKNOWN.refused_late(GeneratorRefused("no"), "found", at),
    ],
)
def test_no_generation_ends_before_it_was_ordered_even_if_the_clock_was_set_back(
    end: Callable[[datetime], Generation],
) -> None:
    assert end(NOON - timedelta(days=1)).finished_at == NOON
    assert end(LATER).finished_at == LATER


def test_a_part_of_the_images_is_kept_with_the_reason_why_others_are_missing() -> None:
    end = IN_PART.stored(IN_PART.waiting, NOON)
    assert (end.state, [image.index for image in end.images]) == (State.UNKNOWN, [1])

    lost = IN_PART.stored([], NOON, lost="gone")
    assert lost.failure is not None
    assert (lost.state, lost.failure.detail) == (State.UNKNOWN, "cut off; gone")


@pytest.mark.parametrize(
    ("error", "charged"),
    [
        (GeneratorRefused("no"), Charged.YES),
        (UnusableImage("torn"), Charged.YES),
        (OutcomeUnknown("cut"), Charged.UNKNOWN),
    ],
)
def test_a_generation_with_some_images_is_never_reported_as_free(error: DrawingFailed, charged: Charged) -> None:
    assert RECEIPTED.drawn([image_of(RECEIVED)], error).charged is charged


def test_images_are_sorted_by_index() -> None:
    images = [image_of(RECEIVED, 1), image_of(RECEIVED, 0)]
    assert [image.index for image in RECEIPTED.drawn(images).waiting] == [0, 1]
    lifted = UNKNOWN.lifted_by(images, "found", LATER)
    assert [image.index for image in lifted.images] == [0, 1]
    assert (lifted.state, lifted.failure, lifted.lifted, lifted.finished_at) == (State.STORED, None, "found", LATER)


def test_a_generation_that_is_lifted_in_part_keeps_its_failure() -> None:
    lifted = UNKNOWN.lifted_by([image_of(RECEIVED, 0)], "found", LATER)
    assert (lifted.state, lifted.failure, len(lifted.images)) == (State.UNKNOWN, UNKNOWN.failure, 1)
    whole = lifted.lifted_by([image_of(RECEIVED, 1)], "found", LATER)
    assert (whole.state, whole.failure, len(whole.images)) == (State.STORED, None, 2)


def test_the_highest_price_of_its_models_is_reserved_until_it_is_drawn() -> None:
    assert RECEIVED.reserved == Money.parse("0.5 USD")
    assert DRAWN.reserved == STORED.reserved == Money.parse("0.02 USD")
    assert REFUSED.reserved is None


def test_a_generation_that_is_handed_on_names_the_next_model_and_has_no_receipt() -> None:
    handed_on = RECEIPTED.handed_on()
    assert (handed_on.model.value, handed_on.generator, handed_on.receipt, handed_on.fallbacks) == (
        *("other", "other", None),
        (),
    )
    assert (handed_on.asked.version.value, handed_on.request.version) == ("other", RECEIVED.request.version)
    assert (handed_on.cost, handed_on.state) == (Money.parse("0.5 USD"), State.SUBMITTED)


def test_the_message_of_the_provider_is_forgotten_with_the_prompt_that_it_may_quote() -> None:
    error = UnusableImage("torn")
    error.provider_message = "I cannot draw a lighthouse in the fog"
    failed = RECEIPTED.failed(error, NOON)
    assert failed.failure is not None
    assert failed.failure.provider_message
    forgotten = failed.forgotten()
    assert forgotten.failure is not None
    assert (forgotten.failure.provider_message, forgotten.failure.detail) == ("", "torn")
    assert (failed.prompts_kept, forgotten.prompts_kept) == (True, False)
    assert "lighthouse" not in repr(forgotten)


def test_a_caller_is_told_how_many_images_were_deleted() -> None:
    one, both = STORED.without(0), STORED.without(0).without(1)
    assert [str(generation.error) for generation in (one, both)] == [
        "an image of this order was deleted",
        "2 images of this order were deleted",
    ]


def test_one_image_of_several_can_be_removed() -> None:
    one_left = STORED.without(0)
    assert [image.index for image in one_left.images] == [1]
    assert one_left.to_be_emptied == (STORED.images[0].key,)
    assert one_left.emptied().to_be_emptied == ()
    assert one_left.emptied().images == one_left.images
    assert one_left.once_stored == {0, 1}
    with pytest.raises(LookupError):
        one_left.without(0)

    erased = one_left.erased(LATER)
    assert set(erased.to_be_emptied) == {image.key for image in STORED.images}
    assert (erased.emptied().images, erased.emptied().to_be_emptied) == ((), ())


def test_revisions_count_the_commits() -> None:
    assert [one.revision for one in (RECEIVED, *drawn(RECEIVED), STORED)] == [0, 1, 2, 3, 4]


def test_an_order_that_was_not_sent_counts_as_unknown_after_a_restore() -> None:
    assert [(one.state, one.charged, one.revision) for one in revisions_after_restore(RECEIVED, LATER)] == [
        (State.SUBMITTED, Charged.UNKNOWN, 1),
        (State.UNKNOWN, Charged.UNKNOWN, 2),
    ]
    assert [revisions_after_restore(one, LATER) for one in EACH.values() if one is not RECEIVED] == [()] * 7
