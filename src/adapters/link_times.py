"""When links are signed: at rounded times, so that one image has one link for a while and browsers can cache it."""

from datetime import datetime, timedelta


def rounded(now: datetime, ttl: timedelta) -> datetime:
    """The time that a link is signed for, a whole second: links made in the same half of `ttl` are the same.

    A link that lives for `ttl` from then on lives for half of that at least from now on, and never for longer.
    """
    step = max(1, int(ttl.total_seconds()) // 2)
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % step, now.tzinfo)
