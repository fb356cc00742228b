"""The range of a parameter on a model card."""

import pytest

from darkroom.domain.model.model_card import NumberRange


@pytest.mark.parametrize("default", [1, 5, 10])
def test_the_default_may_be_any_number_of_the_range(default: float) -> None:
    assert default in NumberRange(1, 10, default=default)


@pytest.mark.parametrize("default", [0, 11])
def test_a_default_outside_of_the_range_is_refused(default: float) -> None:
    with pytest.raises(ValueError, match="lies outside 1 to 10"):
        NumberRange(1, 10, default=default)
