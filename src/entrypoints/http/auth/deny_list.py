"""The revoked tokens, held in memory: no request has to query the ledger for them."""

from collections.abc import Collection, Container
from typing import ClassVar

from darkroom.domain.ports import RevokedTokens


class DenyList(Container[str]):
    """The `jti` of every revoked token, as of the last `read`."""

    EVERY: ClassVar = 5.0
    """Seconds between two reads: within that time a revocation reaches all processes."""
    MOST: ClassVar = 100_000
    """The most tokens that can be revoked at a time; in memory they need about 10 MB."""

    def __init__(self, revoked: RevokedTokens) -> None:
        self._revoked = revoked
        self._listed: Collection[str] = frozenset()

    def __contains__(self, jti: object) -> bool:
        return jti in self._listed

    async def read(self) -> None:
        """Read the revoked tokens from the ledger.

        Raises:
            LedgerUnavailable: the ledger does not answer; the list stays as it was.
        """
        self._listed = frozenset(await self._revoked.listed())
