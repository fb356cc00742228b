"""How the operator's words that declare a model are read, for every provider."""

import pytest

from darkroom.adapters.generators.declared_models import read_honoured
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.model_card import NumberRange


@pytest.mark.parametrize(
    ("word", "taken"),
    [
        ("num_inference_steps=28", NumberRange(1, 1000, default=28)),
        ("num_inference_steps=28(0-50)", NumberRange(1, 50, default=28)),
        ("guidance_scale=3.5(0-10)", NumberRange(0.0, 10.0, default=3.5)),
        ("guidance_scale=5(2.5-500)", NumberRange(2.5, 100.0, default=5.0)),
    ],
)
def test_a_range_is_limited_by_the_model_and_by_what_an_order_allows(word: str, taken: NumberRange) -> None:
    field, honoured = read_honoured(word)

    assert (field, honoured) == (word.partition("=")[0], taken)
    assert str(honoured) == str(taken)


@pytest.mark.parametrize(
    "word",
    [
        "num_inference_steps=28(30-50)",
        "num_inference_steps=28(50-10)",
        "num_inference_steps=28.5",
        "num_inference_steps=28(1-50",
        "guidance_scale=1.2.3",
        "guidance_scale=3.5(-10)",
        "seed=1(0-10)",
    ],
)
def test_a_range_that_no_order_allows_is_refused(word: str) -> None:
    with pytest.raises(InvalidValue):
        read_honoured(word)
