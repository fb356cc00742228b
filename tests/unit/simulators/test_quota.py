from __future__ import annotations

from simulators.quota import ImageQuota


def test_accepts_all_images_of_an_order_or_none() -> None:
    quota = ImageQuota(30, clock=lambda: 0.0)

    assert quota.take(28)
    assert not quota.take(3)
    assert quota.take(2)
    assert not quota.take(1)


def test_forgets_an_image_after_a_minute() -> None:
    now = 1000.0
    quota = ImageQuota(2, clock=lambda: now)

    assert quota.take(1)
    now += 30
    assert quota.take(1)
    now += 29.9
    assert not quota.take(1)
    now += 0.1
    assert quota.take(1)
    assert not quota.take(1)


def test_without_a_limit_there_is_always_room() -> None:
    assert ImageQuota(None, clock=lambda: 0.0).take(10_000)
