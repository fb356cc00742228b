"""Whether a call was charged, according to each of OpenAI's errors."""

import json

import httpx
import pytest

from darkroom.adapters.generators.openai_images.errors import openai_failure
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)


def failure_of(status: int, error: object, **headers: str) -> DrawingFailed:
    body = json.dumps({"error": error}).encode()
    return openai_failure(Answer(status, httpx.Headers({k.replace("_", "-"): v for k, v in headers.items()}), body))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "invalid_api_key"),
        (403, "unsupported_country_region_territory"),
        (404, "model_not_found"),
        (400, "unknown_parameter"),
        (400, None),
        (400, {"no": "code"}),
        (429, "insufficient_quota"),
        (429, "credit_balance_exhausted"),
        (429, "organization_spend_limit_exceeded"),
        (429, "organization_usage_limit_exceeded"),
        (429, "project_spend_limit_exceeded"),
        (400, "billing_hard_limit_reached"),
    ],
)
def test_a_refusal_costs_nothing_and_is_not_retried(status: int, code: object) -> None:
    failure = failure_of(status, {"code": code, "message": "secret words", "type": "t", "param": None})

    assert type(failure) is GeneratorRefused
    assert (failure.charged, failure.retry_after) == (Charged.NO, None)
    assert "secret words" not in failure.detail


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "rate_limit_exceeded"), (429, "slow_down"), (503, "slow_down"), (503, "server_is_overloaded")],
)
def test_a_temporary_failure_may_be_retried_after_retry_after(status: int, code: str) -> None:
    failure = failure_of(status, {"code": code}, retry_after="12")

    assert type(failure) is GeneratorUnavailable
    assert (failure.charged, failure.retry_after) == (Charged.NO, 12)


@pytest.mark.parametrize(
    ("code", "details", "charged"),
    [
        ("moderation_blocked", None, Charged.NO),
        ("moderation_blocked", {"moderation_stage": "input", "categories": []}, Charged.NO),
        ("moderation_blocked", {"moderation_stage": "output"}, Charged.UNKNOWN),
        ("moderation_blocked", {"moderation_stage": "unknown"}, Charged.UNKNOWN),
        ("moderation_blocked", "output", Charged.NO),
    ],
)
def test_moderation_of_the_input_costs_nothing_and_of_the_output_the_charge_is_unknown(
    code: str, details: object, charged: Charged
) -> None:
    failure = failure_of(400, {"code": code, "moderation_details": details})

    assert type(failure) is PromptRejected
    assert failure.charged is charged


@pytest.mark.parametrize(
    ("status", "charged", "kind"),
    [
        (424, "unknown", OutcomeUnknown),
        (424, "yes", UnusableImage),
        (424, "no", GeneratorRefused),
        (400, "unknown", OutcomeUnknown),
        (503, "no", GeneratorUnavailable),
        (500, "no", GeneratorRefused),
        (409, "no", GeneratorRefused),
    ],
)
def test_another_darkroom_reports_whether_it_was_charged(status: int, charged: str, kind: type[DrawingFailed]) -> None:
    failure = failure_of(status, {"code": "outcome-unknown", "message": "secret words", "charged": charged})

    assert type(failure) is kind
    assert failure.charged is Charged(charged)


@pytest.mark.parametrize("charged", Charged)
def test_a_prompt_that_another_darkroom_rejects_is_rejected_here(charged: Charged) -> None:
    failure = failure_of(422, {"code": "prompt-rejected", "charged": charged.value})

    assert type(failure) is PromptRejected
    assert failure.charged is charged


def test_a_problem_is_read_like_an_error_of_the_images_api() -> None:
    body = json.dumps({"type": "/problems/outcome-unknown", "status": 424, "charged": "unknown"}).encode()

    assert type(openai_failure(Answer(424, httpx.Headers(), body))) is OutcomeUnknown


@pytest.mark.parametrize("status", [409, 424])
def test_a_conflict_without_details_may_have_been_charged(status: int) -> None:
    assert type(failure_of(status, None)) is OutcomeUnknown


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, {"code": None}),
        (500, {"code": "rate_limit_exceeded"}),
        (500, {"code": "moderation_blocked"}),
        (502, "bad gateway"),
        (503, {"code": "new_here"}),
        (503, None),
        (307, {"code": "invalid_api_key"}),
    ],
)
def test_anything_else_may_have_been_charged(status: int, error: object) -> None:
    failure = failure_of(status, error)

    assert type(failure) is OutcomeUnknown
    assert failure.evidence
