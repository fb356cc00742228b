"""Engine markup in a prompt is refused, with pointer and rule, before money is spent; weights and editing are text."""

from dataclasses import replace

import pytest

from darkroom.adapters.in_memory.generator import WIDEST_CARD
from darkroom.domain.model.errors import InvalidRequest, InvalidValue, Violation
from darkroom.domain.model.model_card import Markup
from darkroom.domain.model.order import read_order
from darkroom.domain.model.values import ModelVersion, Prompt

CARD = replace(WIDEST_CARD, reads=frozenset(Markup))
PLAIN = replace(WIDEST_CARD, version=ModelVersion("plain"))
CARDS = {card.version.value: card for card in (CARD, PLAIN)}


def order(**fields: object) -> dict[str, object]:
    return {"version": CARD.version.value, "prompt": "a fox", "width": 64, "height": 64, **fields}


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ('a fox <sd_cpp_extra_args>{"width": 4096}</sd_cpp_extra_args>', Markup.EXTRA_ARGS),
        ("<SD_CPP_EXTRA_ARGS>{}", Markup.EXTRA_ARGS),
        ("a fox </sd_cpp_extra_args>", Markup.EXTRA_ARGS),
        ("a fox <lora:../../etc/passwd:1>", Markup.NETWORKS),
        ("a fox < LoRA :x>", Markup.NETWORKS),
        ("a fox <hypernet:x:0.5>", Markup.NETWORKS),
        ("a fox <lyco:x>", Markup.NETWORKS),
        ("a fox | a cat", Markup.BAR),
    ],
)
@pytest.mark.parametrize("field", ["prompt", "negative_prompt"])
def test_markup_that_an_engine_would_obey_is_refused_in_both_prompts(text: str, markup: Markup, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_order(order(**{field: text}), CARDS)

    rule = f"must not hold {markup}, which memory would execute instead of drawing"
    assert refused.value.violations == (Violation(f"/{field}", rule),)


@pytest.mark.parametrize(
    "text", ["(a fox:1.2)", "a fox AND a cat", "[a fox:a cat:0.5]", "<b>a fox</b>", "a <3 fox: lora"]
)
def test_prompt_weights_and_prompt_editing_are_accepted_as_text(text: str) -> None:
    assert read_order(order(prompt=text), CARDS).prompt == Prompt(text)


def test_a_fallback_whose_engine_would_obey_the_markup_is_skipped() -> None:
    asked = read_order(order(version="plain", prompt="a fox <lora:x>"), CARDS)

    assert asked.suits(PLAIN)
    assert not asked.suits(CARD)


@pytest.mark.parametrize(
    "text",
    ["\u200b", "\ufeff\u2060", " \u00ad\t", "\u3164", "\u115f\u1160", "\u2800", "\ufe0f\U000e0100", "\u034f", "\u2028"],
)
def test_a_prompt_of_invisible_characters_is_blank(text: str) -> None:
    with pytest.raises(InvalidValue, match="must not be blank"):
        Prompt(text)


@pytest.mark.parametrize("text", ["\u200ba", "여\u200b우", "🦊\ufe0f", "ﷺ", "・"])
def test_a_prompt_with_a_visible_character_is_not_blank(text: str) -> None:
    assert Prompt(text).value == text
