"""Rounds the times at which links are signed, so that an image's link stays the same for a while and can be cached."""

from datetime import datetime, timedelta


def rounded(now: datetime, ttl: timedelta) -> datetime:
    """Return `now` rounded down to a multiple of half of `ttl`, in whole seconds.

    A link that is valid for `ttl` from that time is valid for between half of `ttl` and all of it from now.
    """
    step = max(1, int(ttl.total_seconds()) // 2)
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % step, now.tzinfo)
