"""Identifiers are UUIDs of version 7: they sort by the time of their making, and no two are alike."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

import pytest

from darkroom.domain.model.identifiers import least_uuid7, uuid7

MOMENTS = [0, 1, 1_795_382_546_123, 2**48 - 1]


@pytest.mark.parametrize("unix_ms", MOMENTS)
def test_they_are_of_version_7_and_hold_their_time(unix_ms: int) -> None:
    for made in (uuid7(unix_ms), least_uuid7(unix_ms)):
        uuid = UUID(made)
        assert (uuid.version, uuid.variant, uuid.int >> 80, str(uuid)) == (7, RFC_4122, unix_ms, made)


def test_those_of_one_moment_differ_in_every_bit_that_is_random() -> None:
    numbers = [UUID(uuid7(5)).int for _ in range(400)]
    ones, zeros = 0, 0
    for number in numbers:
        ones, zeros = ones | number, zeros | ~number
    random = ~(0xF << 76) & ~(0x3 << 62) & (1 << 80) - 1
    assert ones & zeros & random == random
    assert len(set(numbers)) == len(numbers)


def test_none_of_a_moment_is_below_the_least_and_the_later_are_above() -> None:
    assert all(least_uuid7(5) <= uuid7(5) < least_uuid7(6) for _ in range(100))


def test_without_a_time_it_is_now() -> None:
    before = time.time_ns() // 1_000_000
    made = UUID(uuid7()).int >> 80
    assert before <= made <= time.time_ns() // 1_000_000
