"""The simulated provider's image host: what was drawn, behind signed links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.faults.switchboard import CallFaults
from simulators.links import SignedLinks
from simulators.pictures import Picture


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A picture behind a link; `index` is its place in the answer, `faults` are those of the call that drew it."""

    picture: Picture
    index: int
    faults: CallFaults
    expires: int


class Gallery:
    """Hangs pictures up until their links expire."""

    def __init__(self, links: SignedLinks) -> None:
        self._links = links
        self._exhibits: dict[str, Exhibit] = {}  # by path, the oldest first

    def expiry(self) -> int:
        """When the link of a picture hung up now expires: one reading for all pictures of an answer."""
        return self._links.expiry()

    def hang(self, path: str, exhibit: Exhibit) -> str:
        """The signed link to it, from the root of the host on."""
        while self._exhibits and self._links.expired(next(iter(self._exhibits.values())).expires):
            del self._exhibits[next(iter(self._exhibits))]
        self._exhibits[path] = exhibit
        return self._links.sign(path, exhibit.expires)

    def visit(self, path: str, query: Mapping[str, str]) -> Exhibit | None:
        """What hangs there; `None` for a link that is no longer, or never was, good."""
        return self._exhibits.get(path) if self._links.opens(path, query) else None
