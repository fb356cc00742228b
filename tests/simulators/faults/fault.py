"""Faults: named ways for a provider to misbehave at one stage of a call, which is the fault's class."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, TypeAlias, TypeVar

import msgspec
from aiohttp import web

from simulators.exchange import AnsweredExchange, Exchange
from simulators.pictures import Picture

Entry: TypeAlias = dict[str, object]
"""One image of an answer under our names, if the provider has them: `id`, `seed`, `image` (a link or base64)."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The options of a fault. Each fault says which of them it reads; None is its default.

    Attributes:
        times: The number of calls or fetches that it affects; by default all.
        index: The only image of the answer that it affects, from 0; by default all.
        seconds: The delay, or the time between two bytes.
        size: The number of bytes.
        status: The HTTP status of the answer.
    """

    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    index: Annotated[int, msgspec.Meta(ge=0)] | None = None
    seconds: Annotated[float, msgspec.Meta(ge=0)] | None = None
    size: Annotated[int, msgspec.Meta(ge=1)] | None = None
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """The images of an answer, before it is rendered in the provider's format; `elsewhere` as in `Exchange`."""

    images: list[Entry]
    elsewhere: str


BeforeChargeAct: TypeAlias = Callable[[Exchange, Options], Awaitable[web.StreamResponse]]
AnswerAct: TypeAlias = Callable[[AnsweredExchange, Options], Awaitable[web.StreamResponse]]
ImagesAct: TypeAlias = Callable[[Drawn, Options], list[Entry]]
BytesAct: TypeAlias = Callable[[Picture], bytes]

Act = TypeVar("Act")


@dataclass(frozen=True)
class Fault(Generic[Act]):
    """A fault: `sentence` says what happens, `reads` names the options that it reads besides `times`."""

    stage: ClassVar[str]
    name: str
    sentence: str
    act: Act
    reads: tuple[str, ...] = ()

    def described(self) -> dict[str, object]:
        return {"name": self.name, "stage": self.stage, "sentence": self.sentence, "options": ["times", *self.reads]}


class BeforeCharge(Fault[BeforeChargeAct]):
    """A fault that replaces the answer to the paid call; nothing is charged."""

    stage = "paid call, before the charge"


class AfterCharge(Fault[AnswerAct]):
    """A fault that replaces the answer to the paid call after all images were charged."""

    stage = "paid call, after the charge"


class OfImages(Fault[ImagesAct]):
    """A fault that changes what the answer to the paid call says about its images; they are charged."""

    stage = "images in the answer"


class OfBytes(Fault[BytesAct]):
    """A fault that changes the bytes of an image, behind a link or in the answer."""

    stage = "bytes of an image"


class OfFetch(Fault[AnswerAct]):
    """A fault that replaces the answer to the fetch of an image."""

    stage = "fetch of an image"


AnyFault: TypeAlias = Fault[Any]


def at_either_side(
    name: str, sentence: str, act: BeforeChargeAct, reads: tuple[str, ...] = ()
) -> tuple[BeforeCharge, AfterCharge]:
    """Return the same fault with and without a charge, which look alike to the client."""
    return (
        BeforeCharge(f"{name}-before-charge", f"{sentence} Nothing has been charged.", act, reads),
        AfterCharge(f"{name}-after-charge", f"{sentence} All images have been charged.", act, reads),
    )
