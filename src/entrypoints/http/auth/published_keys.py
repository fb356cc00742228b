"""The keys that an issuer publishes: the last good set of them, kept fresh."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

from darkroom.entrypoints.http.auth.json_web_keys import KeySet
from darkroom.entrypoints.http.auth.keys import KeySource, VerificationKey
from darkroom.entrypoints.http.errors import KeysUnavailable

log = logging.getLogger(__name__)

_OUT_OF_REACH: Final = "the keys of access tokens cannot be had at the moment"
_NEVER: Final = float("-inf")


class PublishedKeys(KeySource):
    """The last good key set. Each process keeps its own.

    It is fetched again from time to time, and at once when a token names a key that is not in it, which is how a
    rotation is noticed: the latter once in a while only, whatever strangers name. However many wait, one request is
    under way. A set that cannot be had, or is none, changes nothing until the last good one is too old.
    """

    REFRESH: ClassVar = 300.0
    """Seconds until a set is fetched again, or half the time for which it is trusted, where that is less."""
    COOLDOWN: ClassVar = 30.0
    """Seconds until an unknown key makes it be fetched again, and until another try after one that failed."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[bytes]],
        *,
        algorithm: str | None,
        max_age: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`fetch` gives the document or raises KeysUnavailable; `algorithm` as for `KeySet.read`; `max_age` in seconds.

        `clock` counts seconds.
        """
        self._fetch, self._algorithm, self.max_age, self._clock = fetch, algorithm, max_age, clock
        self._refresh = min(self.REFRESH, max_age / 2)
        self._set: KeySet | None = None
        self._fetched_at = self._asked_at = _NEVER
        self._trouble: KeysUnavailable | None = None
        self._flight: asyncio.Task[None] | None = None

    async def key(self, kid: str | None, algorithm: str) -> VerificationKey:
        try:
            return self.current().find(kid, algorithm)
        except LookupError:
            await self._look_again()
        try:
            return self.current().find(kid, algorithm)
        except LookupError:
            if self._trouble is not None:  # the key may well be published by now, for all that we can see
                raise KeysUnavailable(_OUT_OF_REACH) from self._trouble
            raise

    def current(self) -> KeySet:
        """The set as it is known.

        Raises:
            KeysUnavailable: none ever came, or it is too old; of one that never came with the reason.
        """
        if self._set is None:
            raise self._trouble or KeysUnavailable(_OUT_OF_REACH)
        if self.age > self.max_age:
            raise KeysUnavailable(_OUT_OF_REACH)
        return self._set

    @property
    def age(self) -> float:
        """Seconds since the set was fetched; endless where none ever came."""
        return self._clock() - self._fetched_at

    @property
    def pause(self) -> float:
        """Seconds between two calls of `keep_fresh`."""
        return min(self.COOLDOWN, self._refresh)

    async def keep_fresh(self) -> None:
        """Fetch it, if it is time to, or if the last time went wrong."""
        if self._trouble is not None or self.age >= self._refresh:
            await self._renewed()

    async def _look_again(self) -> None:
        if self._flight is None:
            if self._clock() - self._asked_at < self.COOLDOWN:
                return
            self._asked_at = self._clock()
        await self._renewed()

    async def _renewed(self) -> None:
        if self._flight is None:
            self._flight = asyncio.create_task(self._renew())
        await asyncio.shield(self._flight)  # who leaves does not take it from the others

    async def _renew(self) -> None:
        try:
            found = KeySet.read(await self._fetch(), self._algorithm)
        except (KeysUnavailable, ValueError) as fault:
            log.warning("the keys of access tokens could not be renewed: %s", fault)
            self._trouble = KeysUnavailable(str(fault))
        else:
            if found != self._set:
                for line in found.passed_over:
                    log.warning("passed over among the keys of access tokens: %s", line)
                log.info("access tokens are verified with %s", found)
            self._set, self._fetched_at, self._trouble = found, self._clock(), None
        finally:
            self._flight = None
