"""Identifiers are UUIDs of version 7: they are unique and sort by their creation time."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

import pytest

from darkroom.domain.model.identifiers import least_uuid7, uuid7

MOMENTS = [0, 1, 1_795_382_546_123, 2**48 - 1]


@pytest.mark.parametrize("unix_ms", MOMENTS)
def test_identifiers_have_version_7_and_contain_their_time(unix_ms: int) -> None:
    for made in (uuid7(unix_ms), least_uuid7(unix_ms)):
        uuid = UUID(made)
        assert (uuid.version, uuid.variant, uuid.int >> 80, str(uuid)) == (7, RFC_4122, unix_ms, made)


def test_identifiers_of_one_moment_differ_in_every_random_bit() -> None:
    numbers = [UUID(uuid7(5)).int for _ in range(400)]
    ones, zeros = 0, 0
    for number in numbers:
        ones, zeros = ones | number, zeros | ~number
    random = ~(0xF << 76) & ~(0x3 << 62) & (1 << 80) - 1
    assert ones & zeros & random == random
    assert len(set(numbers)) == len(numbers)


def test_no_identifier_of_a_moment_is_below_the_least_one_and_later_ones_are_above_it() -> None:
    assert all(least_uuid7(5) <= uuid7(5) < least_uuid7(6) for _ in range(100))


def test_the_time_is_now_by_default() -> None:
    before = time.time_ns() // 1_000_000
    made = UUID(uuid7()).int >> 80
    assert before <= made <= time.time_ns() // 1_000_000
