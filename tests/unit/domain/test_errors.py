"""Every error reads the same in an answer and in the log."""

from collections.abc import Iterator

import pytest

from darkroom.domain.model.errors import Charged, DarkroomError, InvalidRequest, Violation

WRONG = InvalidRequest([Violation("/seed/0", "must be an integer"), Violation("", "must be an object")])


def kinds(parent: type[DarkroomError] = DarkroomError) -> Iterator[type[DarkroomError]]:
    yield parent
    for child in parent.__subclasses__():
        if child.__module__ == DarkroomError.__module__ and child is not InvalidRequest:
            yield from kinds(child)


@pytest.mark.parametrize("error", [WRONG, *(kind("the detail") for kind in kinds())], ids=lambda error: error.code)
def test_the_message_of_an_error_is_its_detail(error: DarkroomError) -> None:
    assert str(error) == error.detail
    assert error.detail in {"the detail", "/seed/0 must be an integer; must be an object"}

    again = error.again("another detail", charged=Charged.UNKNOWN)
    assert (type(again), str(again), again.detail) == (type(error), "another detail", "another detail")
    assert (again.charged, again.retry_after) == (Charged.UNKNOWN, error.retry_after)
    assert str(error.again()) == str(error)
