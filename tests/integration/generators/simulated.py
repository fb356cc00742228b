"""The simulators as providers for the contract tests of generators: what they have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ClassVar, Final, Generic, Protocol, Self, TypeVar
from urllib.parse import parse_qs, urlsplit

from darkroom.adapters.conformance import Provider, Situation
from darkroom.domain.ports import ImageGenerator
from servers.proxy import NO_FAULTS, Faults, Proxy
from simulators.provider import ProviderSimulator

Causes = Mapping[Situation, tuple[str, Mapping[str, float]]]
"""The fault of a simulator's menu that brings each situation about, and the options of the fault."""

ANYWHERE: Final[Causes] = {
    Situation.CONFLICT: ("conflict-after-charge", {}),
    Situation.MODERATED_IN_OTHER_WORDS: ("moderated-in-other-words", {}),
    Situation.REFUSED_IN_A_SUCCESS: ("refused-in-a-success-after-charge", {}),
    Situation.CONNECTION_LOST: ("reset-after-charge", {}),
    Situation.SILENCE: ("black-hole-after-charge", {}),
    Situation.GARBAGE: ("answer-garbage", {}),
    Situation.CUT_SHORT: ("cut-short", {}),
    Situation.TOO_LARGE: ("oversized", {}),
    Situation.NO_IMAGES: ("images-none", {}),
    Situation.TOO_MANY_IMAGES: ("images-too-many", {}),
    Situation.NO_IMAGE_FILES: ("image-html", {}),
    Situation.OTHER_SIZE: ("image-of-other-size", {}),
    Situation.BYTES_BEHIND_THE_END: ("image-with-a-tail", {}),
    Situation.LABELLED_WRONGLY: ("labelled", {}),
    Situation.PACKED: ("packed", {}),
    Situation.BAD_BYTE: ("bad-byte", {}),
}
IN_BASE64: Final[Causes] = {
    Situation.BASE64_WRAPPED: ("base64-wrapped", {}),
    Situation.DATA_URIS: ("base64-as-data-uri", {}),
}
ONE_CALL_AN_IMAGE: Final[Causes] = {
    Situation.TOO_FEW_IMAGES: ("images-none", {"times": 1}),
    Situation.ONE_NO_IMAGE_FILE: ("image-html", {"times": 1}),
}
BY_LINK: Final[Causes] = {
    Situation.LINKS_DEAD: ("link-tampered", {}),
    Situation.LINKS_ASTRAY: ("link-other-port", {}),
    Situation.IMAGES_OUT_OF_REACH: ("fetch-503", {}),
    Situation.FETCHES_STUMBLE: ("fetch-reset", {"times": 3}),
    Situation.IMAGES_LABELLED_WRONGLY: ("fetch-labelled", {}),
    Situation.IMAGES_PACKED: ("fetch-packed", {}),
    Situation.IMAGES_CUT_SHORT: ("fetch-cut-unmeasured", {"times": 3}),
    Situation.LINKS_NOT_YET: ("fetch-404", {"times": 3}),
    Situation.LINKS_LEAD_ON: ("fetch-redirect-to-itself", {"times": 3}),
}


class Opened(Protocol):
    """A provider that can open a generator for itself."""

    def opened(self, *, patience: float = 60.0) -> AbstractAsyncContextManager[ImageGenerator]:
        """Open a generator for it; `patience` is the time limit of each part of a drawing, in seconds."""


Simulator = TypeVar("Simulator", bound=ProviderSimulator)


class SimulatedProvider(Provider, Generic[Simulator]):
    """A simulator behind a proxy, which can make it unreachable."""

    faults: ClassVar[Causes]
    path: ClassVar[str] = ""

    def __init__(self, simulator: Simulator, proxy: Proxy) -> None:
        self.simulator, self._proxy = simulator, proxy

    @classmethod
    @asynccontextmanager
    async def running(cls, simulation: AbstractAsyncContextManager[Simulator]) -> AsyncIterator[Self]:
        """Run the simulator and a proxy in front of it."""
        async with simulation as simulator, Proxy(urlsplit(simulator.base_url).port or 0) as proxy:
            yield cls(simulator, proxy)

    @classmethod
    def situations(cls) -> frozenset[Situation]:
        """The situations that it can bring about."""
        return frozenset(cls.faults) | {Situation.UNREACHABLE}

    @property
    def base_url(self) -> str:
        """The address at which generators call it."""
        return self._proxy.url + self.path

    @property
    def image_host(self) -> str:
        """The origin of its images."""
        return self.simulator.base_url

    @property
    def signatures(self) -> list[str]:
        """The secrets in the links by which its images were fetched."""
        links = [parse_qs(urlsplit(fetch.url).query) for fetch in self.simulator.fetches]
        return [value for link in links for name in ("credential", "signature") for value in link[name]]

    @property
    def charged_images(self) -> int:
        return self.simulator.charged_images

    async def suffer(self, situation: Situation) -> None:
        if situation is Situation.UNREACHABLE:
            await self._proxy.switch(Faults(refuse=True))
        else:
            fault, options = self.faults[situation]
            self.simulator.faults.set(fault, **options)

    async def recover(self) -> None:
        self.simulator.faults.clear()
        await self._proxy.switch(NO_FAULTS)


class SimulatedQueue(SimulatedProvider[Simulator]):
    """A simulator that queues drawings and delivers images by link. It never reports maintenance.

    Providers differ in whether they charge for an image that moderation holds back, or do not document it, so that has
    its own tests.
    """

    faults: ClassVar[Causes] = {
        **ANYWHERE,
        **ONE_CALL_AN_IMAGE,
        **BY_LINK,
        Situation.SERVER_ERROR: ("server-error-json-after-charge", {}),
    }
    key_name: ClassVar = "api_key"

    @abstractmethod
    def opened(self, *, patience: float = 60.0, **options: Any) -> AbstractAsyncContextManager[ImageGenerator]:  # noqa: ANN401
        """Open a generator for it; `patience` is the time limit of each part of a drawing, in seconds."""

    @property
    def key(self) -> str:
        """The key that it accepts."""
        return str(getattr(self.simulator, self.key_name))

    @property
    def key_hosts(self) -> set[str]:
        """The origins that need the key: those of its API."""
        return {self._proxy.url}

    @property
    def secrets(self) -> Sequence[str]:
        return [self.key, *self.signatures]

    def settings(self, patience: float) -> dict[str, Any]:
        """The settings that a generator for it is opened with; `patience` as in `opened`."""
        return {
            self.key_name: self.key,
            "base_url": self.base_url,
            "image_hosts": [self.image_host],
            "call_timeout": patience,
            "drawing_timeout": patience,
            "fetch_timeout": patience,
        }
