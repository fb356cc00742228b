import pytest

from darkroom.adapters.watching.metrics.own_time import OwnTime
from darkroom.domain.model.errors import StorageFault


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_time_spent_waiting_is_not_counted() -> None:
    clock = Clock()
    own = OwnTime(clock)
    clock.now = 1
    with own.waiting_for("provider"):
        clock.now = 11
        assert own.seconds == 1
    clock.now = 13
    assert own.seconds == 3


def test_overlapping_waits_are_subtracted_once() -> None:
    clock = Clock()
    own = OwnTime(clock)
    with own.waiting_for("a"):
        clock.now = 1
        with own.waiting_for("b"):
            clock.now = 2
        clock.now = 3
    clock.now = 5
    assert own.seconds == 2


def test_time_between_two_tries_counts_as_waiting() -> None:
    clock = Clock()
    own = OwnTime(clock)
    with pytest.raises(StorageFault), own.waiting_for("a"):
        raise StorageFault
    clock.now = 100
    assert own.seconds == 0
    with own.waiting_for("a"):
        clock.now = 101
    clock.now = 102
    assert own.seconds == 1
