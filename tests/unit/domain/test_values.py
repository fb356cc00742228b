"""Value objects cannot be created with a value that the contract does not allow."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.issued_token import TokenName
from darkroom.domain.model.values import (
    GuidanceScale,
    IdempotencyKey,
    ImageSize,
    InferenceSteps,
    ModelVersion,
    Prompt,
    SampleCount,
    Seed,
)

NOT_INTEGERS: list[object] = [None, True, False, "25", 25.0, 25.5, math.nan, [25], {}]


@pytest.mark.parametrize("kind", [Seed, InferenceSteps, SampleCount])
def test_the_bounds_are_part_of_the_range(kind: type[Seed | InferenceSteps | SampleCount]) -> None:
    assert kind(kind.MIN).value == kind.MIN
    assert kind(kind.MAX).value == kind.MAX
    for beyond in (kind.MIN - 1, kind.MAX + 1, -(10**400), 10**400):
        with pytest.raises(InvalidValue, match=f"an integer from {kind.MIN} to {kind.MAX}"):
            kind(beyond)


@pytest.mark.parametrize("value", NOT_INTEGERS)
@pytest.mark.parametrize("kind", [Seed, InferenceSteps, SampleCount, ImageSize.side])
def test_a_value_that_is_not_an_integer_is_refused_not_converted(kind: type[Seed], value: object) -> None:
    with pytest.raises(InvalidValue, match="must be an integer"):
        kind(value)  # type: ignore[arg-type]


def test_seeds_are_unsigned_and_may_exceed_two_to_the_31() -> None:
    assert Seed(4_292_169_748).value == 4_292_169_748


@pytest.mark.parametrize("value", [0, 0.0, 5, 7.25, 100, 100.0])
def test_guidance_takes_integers_and_floats_alike(value: float) -> None:
    guidance = GuidanceScale(value)
    assert guidance.value == value
    assert type(guidance.value) is float


@pytest.mark.parametrize(
    "value", [-0.01, 100.01, math.nan, math.inf, -math.inf, 10**400, True, "5", None, [5.0], 5 + 0j]
)
def test_guidance_refuses_anything_but_a_number_in_its_range(value: object) -> None:
    with pytest.raises(InvalidValue, match=r"a number from 0.0 to 100.0"):
        GuidanceScale(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a", "고양이", "two\nlines\r\n\tand a tab", "🖼️ emoji", "x" * Prompt.MAX_LENGTH])
def test_prompts_accept_any_text(text: str) -> None:
    assert Prompt(text).value == text


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u3000"])
def test_a_blank_prompt_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="blank"):
        Prompt(text)


@pytest.mark.parametrize("character", ["\0", "\x01", "\x1b", "\x7f", "\x85"])
def test_control_characters_are_refused(character: str) -> None:
    with pytest.raises(InvalidValue, match="control"):
        Prompt(f"a {character} b")


def test_an_unpaired_surrogate_is_refused_with_its_own_rule() -> None:
    with pytest.raises(InvalidValue, match="must not contain unpaired surrogates"):
        Prompt("a \ud83d b")


def test_a_prompt_is_measured_in_characters_not_bytes() -> None:
    assert len(Prompt("가" * Prompt.MAX_LENGTH).value) == 32_000
    with pytest.raises(InvalidValue, match="at most 32000"):
        Prompt("가" * (Prompt.MAX_LENGTH + 1))


def test_an_empty_negative_prompt_means_none_and_a_blank_one_is_refused() -> None:
    assert Prompt.or_none("") is None
    with pytest.raises(InvalidValue, match="blank"):
        Prompt.or_none(" ")


@pytest.mark.parametrize("value", ["", "x" * 65, "a\nb", 2.1, None, ["v2.1"]])
def test_a_model_version_is_a_short_printable_name(value: object) -> None:
    with pytest.raises(InvalidValue):
        ModelVersion(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "x" * 256, "a\tb", "ключ", "a\x7f"])
def test_an_idempotency_key_is_printable_ascii(value: str) -> None:
    with pytest.raises(InvalidValue, match="1 to 255 printable ASCII"):
        IdempotencyKey(value)


def test_an_idempotency_key_may_hold_spaces_and_quotes() -> None:
    assert IdempotencyKey('"8e03978e 40d5"').value == '"8e03978e 40d5"'


@pytest.mark.parametrize("name", ["a", "Zoë's laptop", "x" * TokenName.MAX_LENGTH])
def test_a_token_name_is_a_short_printable_text(name: str) -> None:
    assert TokenName(name).value == name


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "a\nb", "a\x7f", "x" * (TokenName.MAX_LENGTH + 1)])
def test_a_token_name_has_no_blanks_around_it_and_no_control_characters(name: str) -> None:
    with pytest.raises(InvalidValue, match="1 to 64 printable"):
        TokenName(name)


@given(st.one_of(st.none(), st.booleans(), st.floats(), st.text(), st.integers(), st.lists(st.integers()), st.binary()))
def test_any_value_is_either_accepted_or_refused_with_a_rule(value: object) -> None:
    for kind in (Seed, InferenceSteps, SampleCount, GuidanceScale, Prompt, ModelVersion, ImageSize.side):
        try:
            kind(value)  # type: ignore[arg-type]
        except InvalidValue as rule:
            assert str(rule).startswith("must")
