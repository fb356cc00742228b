"""Refusals by moderation under each provider's names, and sentences that are not refusals."""

import json
from typing import Any

import httpx
import pytest

from darkroom.adapters.generators.moderation import explain, says_no, understood
from darkroom.adapters.generators.provider_words import LONGEST_MESSAGE, kept_message
from darkroom.adapters.in_memory.generator import WIDEST_CARD
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.model.values import ImageSize, Prompt

KEY = "sk-the-key-of-this-account"
LITELLM = {
    "error": {
        "message": "litellm.ContentPolicyViolationError: AzureException - The response was filtered",
        "code": "400",
        "provider_specific_fields": {"innererror": {"code": "ResponsibleAIPolicyViolation"}},
    }
}
AZURE = {
    "error": {
        "code": "content_filter",
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"sexual": {"filtered": True, "severity": "high"}},
        },
    }
}
ALLOWED_BY_AZURE = {
    "data": [
        {
            "b64_json": "",
            "content_filter_results": {"hate": {"filtered": False, "severity": "safe"}},
            "prompt_filter_results": {"jailbreak": {"detected": True, "filtered": False}},
        }
    ]
}


def request_for(prompt: str, negative_prompt: str | None = None) -> GenerationRequest:
    return GenerationRequest(
        version=WIDEST_CARD.version,
        prompt=Prompt(prompt),
        parameters=Parameters.of(negative_prompt=negative_prompt or None),
        size=ImageSize(64, 64),
        samples=1,
        seeds=(),
    )


def read(status: int, said: object, prompt: str = "a lighthouse at night") -> DrawingFailed:
    """The failure that a generator raises for an answer without an image."""
    answer = Answer(status, httpx.Headers(), said.encode() if isinstance(said, str) else json.dumps(said).encode())
    with pytest.raises(DrawingFailed) as raised, understood(answer, request_for(prompt), KEY):
        raise UnusableImage("no image") if answer.is_success else answer.failure()
    return raised.value


@pytest.mark.parametrize(
    "said",
    [
        LITELLM,
        AZURE,
        {"error": {"code": "contentFilter", "message": "no"}},
        {"error": {"code": "content_policy_violation"}},
        {"error": {"type": "ContentPolicyViolationError"}},
        {"error": {"inner_error": {"code": "ResponsibleAIPolicyViolation"}}},
        {"error": {"code": "InputTextSensitiveContentDetected", "message": "no"}},
        {"code": "DataInspectionFailed", "message": "no"},
        {"name": "content_moderation", "errors": ["no"]},
        {"detail": [{"type": "content_policy_violation", "loc": ["prompt"], "msg": "no"}]},
        {"error": "content_moderated"},
        {"details": {"Moderation Reasons": ["Derivative Works"]}},
        {"promptFeedback": {"blockReason": "SAFETY"}},
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("status", [200, 400, 403, 422, 500])
def test_a_known_code_or_field_is_a_rejected_prompt_at_any_depth(status: int, said: object) -> None:
    failure = read(status, said)

    assert type(failure) is PromptRejected
    assert failure.charged is Charged.UNKNOWN


@pytest.mark.parametrize(
    "sentence",
    [
        "Your request was rejected as a result of our safety system.",
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "Image generation was blocked by the content filter",
        "NSFW content detected. Try running it again, or try a different prompt.",
        "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
        "This prompt violates our usage policies",
        "Generated image rejected by content moderation.",
        "The request failed because the input text may contain sensitive information.",
        "Prompt contains prohibited content",
        "The image was moderated",
        "Prompt or provided image failed safety check due to the inclusion of prohibited content.",
        "The picture did not pass the safety checker",
        "Prompt not allowed because advanced moderation failed",
        "It contained material flagged by a content checker.",
        "Banned words detected",
        "系统检测到输入或生成内容可能包含不安全或敏感内容",
    ],
)
@pytest.mark.parametrize("form", ["error", "message", "detail", "text"])
def test_a_known_wording_is_a_rejected_prompt_only_in_a_4xx_answer(sentence: str, form: str) -> None:
    said = {"error": {"error": {"message": sentence}}, "message": {"message": sentence}}.get(form)
    said = said or ([{"detail": sentence}] if form == "detail" else sentence)

    assert type(read(400, said)) is PromptRejected
    assert read(400, said).charged is Charged.UNKNOWN
    assert type(read(500, said)) is OutcomeUnknown
    assert type(read(200, said)) is UnusableImage
    assert type(read(429, said)) is not PromptRejected


@pytest.mark.parametrize(
    "sentence",
    [
        "Invalid value: 'strict'. Supported values for moderation are: 'low' and 'auto'.",
        "Unknown parameter: 'safety_tolerance'.",
        "safety_tolerance: 6 was rejected, it must be at most 5",
        "Unsupported value for safety_filter_level: block_none",
        "moderation_level=off is disallowed for this model",
        "The run failed to load the safety checker",
        "Incorrect API key provided",
        "size must be one of 1024x1024",
        "The model does not exist",
        "Content-Type must be application/json",
        "Your account has been deactivated, please contact us",
    ],
)
def test_any_other_sentence_is_kept_and_is_not_a_rejected_prompt(sentence: str) -> None:
    failure = read(400, {"error": {"message": sentence}})

    assert type(failure) is GeneratorRefused
    assert failure.charged is Charged.NO
    assert failure.provider_message == sentence


@pytest.mark.parametrize(
    "prompt",
    [
        "a poster: rejected by our safety system",
        'the "NSFW content detected" error, as a\nposter',
        "flagged as sensitive",
        "content_policy_violation",
    ],
)
@pytest.mark.parametrize("spelled", [str, repr, json.dumps, lambda prompt: prompt[: len(prompt) * 3 // 4], str.upper])
def test_a_prompt_quoted_in_an_error_does_not_change_its_meaning(prompt: str, spelled: Any) -> None:  # noqa: ANN401
    said = {"error": {"message": f"Invalid size for prompt {spelled(prompt)}: must be 1024x1024"}}
    for request in (request_for(prompt), request_for("a lighthouse", prompt)):
        refusal = GeneratorRefused("HTTP 400")
        assert explain(refusal, said, request, [KEY], wordings=True) is refusal
        assert "safety system" not in refusal.provider_message


def test_the_rest_of_an_error_that_quotes_the_prompt_still_counts() -> None:
    said = {"error": {"message": "'a fox in fog' was rejected by our safety system"}}

    assert type(read(400, said, prompt="a fox in fog")) is PromptRejected


@pytest.mark.parametrize(
    "said",
    [ALLOWED_BY_AZURE, {"data": [{"url": "", "respect_moderation": True}]}, {"moderation": "auto"}],
    ids=json.dumps,
)
def test_a_prompt_that_moderation_allows_is_not_rejected(said: object) -> None:
    assert not says_no(said)
    assert type(read(200, said)) is UnusableImage


@pytest.mark.parametrize(
    "entry",
    [
        {"url": "", "respect_moderation": False},
        {"nsfw_content_detected": True},
        {"has_nsfw_concepts": [False, True]},
        {"moderation": {"flagged": True}},
        {"content_filter_results": {"violence": {"filtered": True}}},
        {"error": {"code": "OutputImageSensitiveContentDetected", "message": "no"}},
        {"finish_reason": "CONTENT_FILTERED"},
    ],
    ids=json.dumps,
)
def test_an_image_withheld_by_moderation_is_recognised_by_its_entry(entry: object) -> None:
    assert says_no(entry)
    assert type(read(200, {"data": [entry]})) is PromptRejected


def test_fields_that_repeat_the_request_are_ignored() -> None:
    said = {"input": {"nsfw": True, "prompt": "moderation_blocked"}, "revised_prompt": "content_filter", "error": "no"}

    assert not says_no(said)


def test_the_kept_message_contains_no_keys_signed_links_or_control_characters() -> None:
    sentence = (
        f"Incorrect key {KEY}; Authorization: Bearer abcdef123456; token=hunter22\x1b[31m at\r\n"
        "https://user:pw@cdn.example.com/a.png?signature=s3cr3t sk-proj-12**34 "
        "0123456789abcdef0123456789abcdef"
    )
    kept = kept_message({"error": {"message": sentence}}, request_for("a fox"), [KEY])

    for secret in (KEY, "abcdef123456", "hunter22", "user:pw", "s3cr3t", "sk-proj", "0123456789abcdef0123456789abcdef"):
        assert secret not in kept
    assert kept.isprintable()
    assert "https://cdn.example.com/a.png" in kept


def test_the_kept_message_is_limited_in_length() -> None:
    assert len(kept_message({"error": "long " * 1000}, request_for("a fox"), [])) == LONGEST_MESSAGE


@pytest.mark.parametrize("said", [None, [], {}, 7, "", {"error": None}, {"error": {"message": {"message": []}}}])
def test_an_answer_without_a_message_keeps_none(said: object) -> None:
    assert kept_message(said, request_for("a fox"), []) == ""
    assert type(read(400, said)) is GeneratorRefused


def test_a_page_of_html_is_kept_as_its_text() -> None:
    page = "<!doctype html><style>p {}</style><title>Bad gateway</title><h1>Something &amp; nothing</h1>"

    assert read(502, page).provider_message == "Bad gateway Something & nothing"


def test_a_charge_that_the_adapter_knows_is_not_changed() -> None:
    rejected = PromptRejected("no", charged=Charged.YES)

    assert explain(rejected, AZURE, request_for("a fox"), [], wordings=True) is rejected
    assert rejected.charged is Charged.YES
