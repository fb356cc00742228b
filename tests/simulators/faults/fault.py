"""What a fault is: a named way for a provider to misbehave, at one stage of a call. Its class is the stage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, TypeAlias, TypeVar

import msgspec
from aiohttp import web

from simulators.exchange import AnsweredExchange, Exchange
from simulators.pictures import Picture

Entry: TypeAlias = dict[str, object]
"""One image of an answer under our words, as far as the provider has them: `id`, `seed`, `image` (link or base64)."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a fault is to be done; each fault says which of them it reads, `None` is its own default.

    `times`: calls (or fetches) that it spoils before it is over; all of them by default.
    `index`: the one image of the answer that it spoils, from 0 on; all of them by default.
    `seconds`: of delay, or between two bytes. `size`: bytes. `status`: of the HTTP answer.
    """

    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    index: Annotated[int, msgspec.Meta(ge=0)] | None = None
    seconds: Annotated[float, msgspec.Meta(ge=0)] | None = None
    size: Annotated[int, msgspec.Meta(ge=1)] | None = None
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """The images of one answer, before the provider's own words are put around them; `elsewhere` as in `Exchange`."""

    images: list[Entry]
    elsewhere: str


BeforeChargeAct: TypeAlias = Callable[[Exchange, Options], Awaitable[web.StreamResponse]]
AnswerAct: TypeAlias = Callable[[AnsweredExchange, Options], Awaitable[web.StreamResponse]]
ImagesAct: TypeAlias = Callable[[Drawn, Options], list[Entry]]
BytesAct: TypeAlias = Callable[[Picture], bytes]

Act = TypeVar("Act")


@dataclass(frozen=True)
class Fault(Generic[Act]):
    """`sentence` says what happens, `reads` which options change it (`times` always does)."""

    stage: ClassVar[str]
    name: str
    sentence: str
    act: Act
    reads: tuple[str, ...] = ()

    def described(self) -> dict[str, object]:
        return {"name": self.name, "stage": self.stage, "sentence": self.sentence, "options": ["times", *self.reads]}


class BeforeCharge(Fault[BeforeChargeAct]):
    """Instead of the paid call's answer, and nothing is charged."""

    stage = "paid call, before the charge"


class AfterCharge(Fault[AnswerAct]):
    """Instead of the paid call's answer, once all images are charged."""

    stage = "paid call, after the charge"


class OfImages(Fault[ImagesAct]):
    """What the paid call's answer says of its images; they are charged."""

    stage = "images in the answer"


class OfBytes(Fault[BytesAct]):
    """What the bytes of an image are, behind a link and in an answer that holds them."""

    stage = "bytes of an image"


class OfFetch(Fault[AnswerAct]):
    """Instead of the image behind a link."""

    stage = "fetch of an image"


AnyFault: TypeAlias = Fault[Any]


def at_either_side(
    name: str, sentence: str, act: BeforeChargeAct, reads: tuple[str, ...] = ()
) -> tuple[BeforeCharge, AfterCharge]:
    """The same misfortune with and without a charge: what the client sees does not tell which."""
    return (
        BeforeCharge(f"{name}-before-charge", f"{sentence} Nothing has been charged.", act, reads),
        AfterCharge(f"{name}-after-charge", f"{sentence} All images have been charged.", act, reads),
    )
