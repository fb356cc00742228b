"""Times in the SQLite file: integers of microseconds since the Unix epoch, UTC."""

from datetime import UTC, datetime, timedelta
from typing import Final, overload

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@overload
def to_microseconds(instant: datetime) -> int: ...
@overload
def to_microseconds(instant: datetime | None) -> int | None: ...
def to_microseconds(instant: datetime | None) -> int | None:
    """Return a time as it is stored; None for None."""
    return None if instant is None else (instant - _EPOCH) // _MICROSECOND


def from_microseconds(stored: int) -> datetime:
    """Return a stored time, in UTC."""
    return _EPOCH + stored * _MICROSECOND
