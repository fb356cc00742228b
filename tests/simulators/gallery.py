"""The image host of a simulated provider: drawn images behind signed links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.faults.switchboard import CallFaults
from simulators.links import SignedLinks
from simulators.pictures import Picture


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A picture behind a link; `index` is its position in the answer, `faults` are those of its call.

    `expires` is in Unix seconds.
    """

    picture: Picture
    index: int
    faults: CallFaults
    expires: int


class Gallery:
    """Serves pictures until their links expire."""

    def __init__(self, links: SignedLinks) -> None:
        self._links = links
        self._exhibits: dict[str, Exhibit] = {}  # by path, oldest first

    def expiry(self) -> int:
        """Return when a link made now expires, in Unix seconds; call it once for all pictures of an answer."""
        return self._links.expiry()

    def hang(self, path: str, exhibit: Exhibit) -> str:
        """Add a picture, and return its signed link: path and query."""
        while self._exhibits and self._links.expired(next(iter(self._exhibits.values())).expires):
            del self._exhibits[next(iter(self._exhibits))]
        self._exhibits[path] = exhibit
        return self._links.sign(path, exhibit.expires)

    def visit(self, path: str, query: Mapping[str, str]) -> Exhibit | None:
        """Return the picture behind a link; None if the link has expired or was never valid."""
        return self._exhibits.get(path) if self._links.opens(path, query) else None
