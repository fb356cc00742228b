"""The tokens that were revoked, as this process knows them: no request asks the ledger for it."""

from collections.abc import Collection, Container
from typing import ClassVar

from darkroom.domain.ports import RevokedTokens


class DenyList(Container[str]):
    """The `jti` of every revoked token, as it was last read."""

    EVERY: ClassVar = 5.0
    """Seconds between two readings, after which all processes have heard of a revocation."""
    MOST: ClassVar = 100_000
    """The most that are held in memory, about 10 MB, and thus the most that can be revoked."""

    def __init__(self, revoked: RevokedTokens) -> None:
        self._revoked = revoked
        self._listed: Collection[str] = frozenset()

    def __contains__(self, jti: object) -> bool:
        return jti in self._listed

    async def read(self) -> None:
        """Read it anew.

        Raises:
            LedgerUnavailable: it stays as it was.
        """
        self._listed = frozenset(await self._revoked.listed())
