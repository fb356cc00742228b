"""The key set that an issuer publishes: the last valid one is kept, and refreshed."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

from darkroom.entrypoints.http.auth.json_web_keys import KeySet
from darkroom.entrypoints.http.auth.keys import KeySource, VerificationKey
from darkroom.entrypoints.http.errors import KeysUnavailable

log = logging.getLogger(__name__)

_OUT_OF_REACH: Final = "the keys of access tokens cannot be fetched at the moment"
_NEVER: Final = float("-inf")


class PublishedKeys(KeySource):
    """The last valid key set of an issuer, for this process.

    It is fetched again after `REFRESH` seconds, and when a token names a key that is not in it, as happens after a
    rotation; the latter at most once in `COOLDOWN` seconds, whatever tokens are sent. At most one fetch runs at a time.
    If a fetch fails, the last valid set is used until it is older than `max_age`.
    """

    REFRESH: ClassVar = 300.0
    """Seconds until the set is fetched again; half of `max_age` if that is less."""
    COOLDOWN: ClassVar = 30.0
    """Seconds between two fetches for an unknown key, and before another try after a failed one."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[bytes]],
        *,
        algorithm: str | None,
        max_age: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the key set that `fetch` returns.

        Args:
            fetch: Returns the document, or raises KeysUnavailable.
            algorithm: As in `KeySet.read`.
            max_age: Seconds after which a set that could not be renewed is no longer used.
            clock: Counts seconds.
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
            if self._trouble is not None:  # the last fetch failed, so the key may be published and not known here
                raise KeysUnavailable(_OUT_OF_REACH) from self._trouble
            raise

    def current(self) -> KeySet:
        """Return the last valid set.

        Raises:
            KeysUnavailable: there is none yet, with the reason if a fetch failed; or it is older than `max_age`.
        """
        if self._set is None:
            raise self._trouble or KeysUnavailable(_OUT_OF_REACH)
        if self.age > self.max_age:
            raise KeysUnavailable(_OUT_OF_REACH)
        return self._set

    @property
    def age(self) -> float:
        """Seconds since the set was fetched; infinite if there is none yet."""
        return self._clock() - self._fetched_at

    @property
    def pause(self) -> float:
        """Seconds between two calls of `keep_fresh`."""
        return min(self.COOLDOWN, self._refresh)

    async def keep_fresh(self) -> None:
        """Fetch the set if it is due, or if the last fetch failed."""
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
        await asyncio.shield(self._flight)  # others may wait for it when this caller is cancelled

    async def _renew(self) -> None:
        try:
            found = KeySet.read(await self._fetch(), self._algorithm)
        except (KeysUnavailable, ValueError) as fault:
            log.warning("the keys of access tokens could not be renewed: %s", fault)
            self._trouble = KeysUnavailable(str(fault))
        else:
            if found != self._set:
                for line in found.passed_over:
                    log.warning("ignored among the keys of access tokens: %s", line)
                log.info("access tokens are verified with %s", found)
            self._set, self._fetched_at, self._trouble = found, self._clock(), None
        finally:
            self._flight = None
