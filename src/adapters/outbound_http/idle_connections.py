"""How long idle connections are kept."""


def longest_idle(read_timeout: float) -> float:
    """Return how long a pool may keep an idle connection whose requests have this read timeout; both in seconds.

    After a response whose end arrived while reading was paused, aiohttp's timer runs on in the pool. If it expires
    there, the next request on this connection fails at once (as in aiohttp #12953, which 3.14.5 fixes only in part).
    """
    return read_timeout / 2
