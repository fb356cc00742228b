"""Points in time as the SQLite file holds them: microseconds since the Unix epoch, UTC."""

from datetime import UTC, datetime, timedelta
from typing import Final, overload

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@overload
def to_microseconds(instant: datetime) -> int: ...
@overload
def to_microseconds(instant: datetime | None) -> int | None: ...
def to_microseconds(instant: datetime | None) -> int | None:
    """A point in time, to be stored."""
    return None if instant is None else (instant - _EPOCH) // _MICROSECOND


def from_microseconds(stored: int) -> datetime:
    """A stored point in time."""
    return _EPOCH + stored * _MICROSECOND
