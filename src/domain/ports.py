"""The ports: what Darkroom needs of the outside, and what every adapter MUST do.

An adapter inherits its port, so that the type checker holds it. Nothing escapes it but what its port says it raises.
"""

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Container, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from darkroom.domain.model.errors import Evidence, StorageFault
from darkroom.domain.model.file_name import FileName
from darkroom.domain.model.generation import GeneratedImage, Generation, GenerationRequest, StoredImage
from darkroom.domain.model.history import HistoryPage, Search
from darkroom.domain.model.issued_token import IssuedToken
from darkroom.domain.model.limits import Limits, Usage
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.money import Money
from darkroom.domain.model.progress import Progress
from darkroom.domain.model.values import IdempotencyKey, WebhookUrl
from darkroom.domain.model.webhook import Backlog, Delivery


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider answered to a paid request.

    `reference` is what the images can be collected with, now or after a restart (links, a job id): small, opaque,
    fit to be stored; empty where there is nothing to come back for. `images` are those that came with the answer:
    they are kept at once and as they are, whatever becomes of the collecting. `cost` is what the provider says that it
    charges for the whole request; None if it says nothing. `evidence` is what came of images that cannot be used: it is
    set aside at once, and is not a part of the reference.
    """

    reference: bytes = b""
    images: tuple[GeneratedImage, ...] = ()
    cost: Money | None = None
    evidence: tuple[bytes | Evidence, ...] = ()


class ImageGenerator(Protocol):
    """Draws images, through a provider or by itself."""

    @property
    @abstractmethod
    def cards(self) -> Sequence[ModelCard]:
        """The models it offers. No request reaches it that breaks a card."""

    @abstractmethod
    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        """Ask for the images. This may spend money, so it MUST ask once only.

        It MUST NOT ask again once a byte of the request may have arrived, and MUST pass on every parameter as given.
        `key` is the same whenever the same request is submitted: for providers that charge once for one key.

        Raises:
            GeneratorRefused, GeneratorUnavailable, PromptRejected: nothing was spent.
            OutcomeUnknown: the request may have arrived, and no answer came.
            UnusableImage: it was charged, and what came is not an answer.
        """

    async def answers(self, request: GenerationRequest, key: str) -> AsyncGenerator[Receipt, None]:
        """Submit, and give a receipt whenever there is more to keep: each stands for all that came so far.

        A generator that asks several times for one request, side by side, yields the first receipts before the last
        call has answered, so that a crash meanwhile loses no paid image. The last one is what `submit` gives.

        Raises:
            As `submit`.
        """
        yield await self.submit(request, key)

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        """Give the images that a receipt stands for, each as soon as it is here, in any order. Costs nothing.

        MUST be repeatable as long as the provider keeps the images, and MUST try again what is free to try. Gives
        every image it can get, then raises if any is missing. Drawn at once, the images are the receipt's own.

        Raises:
            UnusableImage: an image is missing, broken, or not to be fetched any more.
            PromptRejected: the provider's moderation holds an image back; charged yes.
            OutcomeUnknown: the provider does not say what became of it.
            GeneratorRefused, GeneratorUnavailable: an image was turned away, and nothing was spent on that one.
        """
        del request
        for image in receipt.images:
            yield image

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        """How far the drawing is that was submitted under a key; None where that is not known.

        Asked only while a caller listens, and by any process. Costs nothing. `receipt` is what submitting gave,
        without images; None as long as it has given nothing.

        Raises:
            DrawingFailed: it cannot be asked just now, which says nothing of the drawing.
        """
        del request, key, receipt
        return None

    async def find(self, request: GenerationRequest, key: str) -> Receipt | None:
        """Look for what was submitted under a key, where the answer to it was lost. Costs nothing, and orders nothing.

        For providers that let us name an order. A receipt says that the order arrived, and images can be collected
        with it as with any other. None says that nothing is known of it; the order may still arrive.

        Raises:
            GeneratorRefused, GeneratorUnavailable: it cannot be asked just now; asking again later is free.
        """
        del request, key
        return None

    async def check(self) -> str:
        """Say in a sentence whether the provider can be reached, spending nothing.

        Raises:
            GeneratorRefused, GeneratorUnavailable: it cannot be used, and why.
        """
        return "has nothing to check"


class ImageStorage(Protocol):
    """Keeps images where the operator wants them."""

    @abstractmethod
    async def put(self, image: StoredImage, data: bytes) -> None:
        """Keep the bytes of an image under its key, whole or not at all, under its media type.

        MUST be durable on return. Repeating it with the same bytes MUST succeed; it MUST NOT overwrite other bytes.
        `image.sha256` is what they had when they came: where the storage can be told, it refuses any others.

        Raises:
            StorageFault: it is not kept; another try is free.
            StorageRefused: it is not kept, and will not be until the operator changes something.
        """

    async def holds(self, image: StoredImage) -> bool:
        """Whether the image lies here whole; False also if that cannot be known here.

        Raises:
            StorageFault: it cannot be asked just now.
        """
        del image
        return False

    async def get(self, image: StoredImage) -> bytes:
        """The bytes of an image that was put here, whole; for callers that take no links.

        Raises:
            StorageFault: it is not there whole, cannot be read just now, or this storage gives nothing back.
        """
        raise StorageFault(f"this storage does not give {image.key} back")

    @abstractmethod
    async def link(self, key: str) -> str:
        """A URL under which anyone who is given it can read the image, for as long as links live here.

        It SHOULD be the same URL for a while, so that browsers can cache what they read.

        Raises:
            StorageFault: there is nothing to sign it with.
        """

    async def download_link(self, key: str, name: FileName) -> str:
        """As `link`, but a browser saves the image under that name, if this storage can have it do so.

        Raises:
            StorageFault: as `link`.
        """
        del name
        return await self.link(key)

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Remove an image; one that is not there is removed.

        Raises:
            StorageFault: it may still be there.
        """

    @abstractmethod
    def keys(self) -> AsyncIterator[str]:
        """Every key that is kept here.

        Raises:
            StorageFault: they could not all be listed.
        """

    @abstractmethod
    async def check(self) -> str:
        """Say in a sentence whether images could be kept here, leaving nothing behind.

        Raises:
            StorageFault: they could not, and why.
            StorageRefused: they could not until the operator changes something. The service does not start with such a
                storage, and takes no order while one refuses.
        """


class NoPreview(Exception):
    """No preview can be made of that image; the message says why."""


class PreviewsUnavailable(Exception):
    """No previews can be made just now."""


class PreviewMaker(Protocol):
    """Makes small copies of images, which are to be looked at and cost nothing else."""

    @abstractmethod
    async def make(self, data: bytes, image: StoredImage, generation: Generation) -> bytes:
        """The preview of an image of that generation, a WebP file that carries the same mark.

        The bytes may be anything: a provider sent them. They MUST NOT be decoded in this process.

        Raises:
            NoPreview: none can be made of these bytes, now or later.
            PreviewsUnavailable: not now.
        """


RECEIPT: Final = -1
"""In place of an image's index: what the provider answered, as long as the ledger could not write it down."""


def seed_index(index: int) -> int:
    """In place of an image's index: the seed that drew it, if that is not the one that was sent. Its own inverse."""
    return RECEIPT - 1 - index


class ImageSpool(Protocol):
    """Keeps drawn images safe until they are stored, through a crash of the process.

    An image is known by the id of its generation and its index among the samples, from 0. In place of an index,
    `RECEIPT` and `seed_index` stand for what else is kept of a generation.
    Every method but `full` raises `StorageFault` if it cannot do it just now.
    """

    @abstractmethod
    async def put(self, generation_id: str, index: int, data: bytes) -> str:
        """Keep bytes, in place of what was there; durable on return. Returns their SHA-256, hexadecimal."""

    @abstractmethod
    async def get(self, generation_id: str, index: int) -> bytes | None:
        """The bytes kept for an image; None if there are none here."""

    @abstractmethod
    async def secure(self, generation_id: str, index: int) -> None:
        """The upload did not end soon, so this will wait: make it survive as much as this spool can."""

    @abstractmethod
    async def remove(self, generation_id: str, index: int) -> None:
        """Remove an image; one that is not there is removed."""

    @abstractmethod
    async def waiting(self) -> Sequence[tuple[str, int]]:
        """All that waits here: the generation's id and the index of each image."""

    @abstractmethod
    async def set_aside(self, name: str, evidence: bytes | Evidence) -> None:
        """Keep a provider's unusable answer for the operator to look at, as long as there is room for such."""

    @abstractmethod
    async def aside_names(self) -> Sequence[str]:
        """The name of every piece that is set aside here; each begins with the one that it was given."""

    @abstractmethod
    async def remove_aside(self, name: str) -> None:
        """Forget a piece that was set aside; one that is not there is forgotten."""

    @property
    @abstractmethod
    def full(self) -> bool:
        """Whether nothing more may be ordered: so much waits here, or nothing can be put here just now."""


@dataclass(frozen=True, slots=True)
class ImageOnRecord:
    """An image that a ledger knows of, by its storage key; `waits` where it is still on its way to the storage."""

    key: str
    waits: bool


@dataclass(frozen=True, slots=True)
class Abandoned:
    """An unfinished generation whose worker lives no more; `spool` names the spool in which its images wait, if any."""

    generation: Generation
    spool: str


LOCAL: Final = "local"
"""The name of the spool beside a ledger that knows only one."""


class CallState(StrEnum):
    """How a call stands."""

    BEGUN = "begun"
    CUT = "cut"
    """Its caller's connection has ended without the whole answer."""

    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that brings no key, at a door whose clients repeat calls by themselves.

    `body` stands for all that was asked for. `key` is what its order is kept under: one of its own, or that of the call
    that it repeats. `repeats` says that it may be a repetition.
    """

    id: str
    caller: str
    body: str
    key: IdempotencyKey
    repeats: bool
    state: CallState = CallState.BEGUN


class GenerationLedger(Protocol):
    """Writes down every order and what became of it; what it has written survives a crash.

    Every method raises `LedgerUnavailable` where the ledger does not answer; whether something was written is not
    known then, and asking again does no harm.
    """

    @abstractmethod
    async def receive(self, generation: Generation, limits: Limits) -> Generation:
        """Write down a new generation as this worker's, or give the one that its key already stands for.

        One transaction, right under concurrency and across machines: of many with one key the first is written, and
        all get it. Limits count only against what is written.

        Raises:
            QuotaExceeded, SpendLimit: a limit would be passed; `retry_after` says when there may be room.
        """

    @abstractmethod
    async def record(self, generation: Generation) -> None:
        """Write down the next revision of a generation. Repeating it succeeds.

        Raises:
            Superseded: the ledger does not hold the revision before it.
        """

    @abstractmethod
    async def promise(self, generation_id: str) -> Generation | None:
        """Mark a generation as promised if it is still `received`; return it as it stands, None if there is none.

        The caller is about to get the promise that it will be drawn. MUST be durable on return, and MUST NOT change the
        revision: the worker that is about to draw it goes on undisturbed.
        """

    @abstractmethod
    async def withdraw(self, generation: Generation) -> None:
        """As `record`, for the end of one that was received and never left for a provider.

        Raises:
            Superseded: as `record`; or the generation was promised since it was read.
        """

    @abstractmethod
    async def lift(self, generation: Generation) -> None:
        """As `record`, for a generation whose outcome turned out to be another one after its end, whosever it was.

        In the same transaction its webhook, if it has one, is due again.
        """

    @abstractmethod
    async def find(self, generation_id: str) -> Generation | None:
        """The generation as it stands, whosever it is; None where there is none."""

    @abstractmethod
    async def track(self, call: Call, within: timedelta) -> Call:
        """Write down how a call stands; return it under the key that its order has.

        One that has begun and may be a repetition gets the key of another one of the same caller and body that was cut
        within that time, the oldest first; each is given to one. A call whose worker lives no more was cut when that
        was last seen alive. One that is answered is forgotten. Right under concurrency and across machines. Repeating
        it succeeds.
        """

    @abstractmethod
    async def find_by_key(self, caller: str, key: IdempotencyKey) -> Generation | None:
        """The generation that a caller's key stands for; None where it is free."""

    @abstractmethod
    async def page(self, caller: str, *, limit: int, before: str | None = None) -> Sequence[Generation]:
        """A caller's generations, newest first, older than the id `before`; without the erased ones."""

    @abstractmethod
    async def search(self, caller: str, search: Search, *, limit: int, before: str | None = None) -> HistoryPage:
        """As `page`, those that are found by `search`.

        It MUST look at no more than `Search.LOOKS_AT` of the caller's rows: a page may hold fewer than `limit` and have
        a next one all the same.
        """

    @abstractmethod
    async def take_abandoned(self, limit: int, at_work: Container[str]) -> Sequence[Generation]:
        """Make unfinished generations that no worker is working on this worker's, and return their next revision.

        Those are the ones of workers that live no more, and this worker's own that are not `at_work`: the answer to
        their taking was lost. `at_work` changes all the time, so it MUST be asked after the row was read, and the row
        taken only if it is still at the revision that was read. MUST NOT take what a living worker is at, however
        slow that is, nor what waits in a spool out of reach.
        """

    @abstractmethod
    async def abandoned(self, limit: int) -> Sequence[Abandoned]:
        """The oldest of what workers that live no more have left unfinished, and take none of it.

        Without what a living process of another machine will take up, since it holds the spool.
        """

    @abstractmethod
    async def reserve(self, generator: str, images: int, per_minute: int) -> float:
        """Take images out of a provider's quota, shared by all workers: a sliding minute.

        Gives 0 where they were taken, else the seconds after which there may be room.
        """

    @abstractmethod
    async def usage(self, since: datetime, caller: str | None = None) -> Sequence[Usage]:
        """What was ordered since then, by caller, model and day (UTC); one caller's where one is named."""

    @abstractmethod
    async def durations(self, like: GenerationRequest) -> Sequence[timedelta]:
        """How long orders took lately, from their arrival to their end: those like this one that were all stored.

        Like it are those of the same model with half to twice as many pixels, over all images; looked at are the last
        hundred of the model whose images are kept. MUST leave out those that were lifted, since their end is when that
        was done, and those of which it is not known, since a clock was set back: no time had passed by it, or less.
        """

    @abstractmethod
    async def sweepable(self, *, erase_before: datetime | None, forget_before: datetime | None) -> Sequence[Generation]:
        """Finished generations to be swept, at most a few hundred.

        Those created before `erase_before` and not erased, those created before `forget_before` whose prompts are
        still kept, and those of which something is to be emptied.
        """

    @abstractmethod
    async def date_back(self, now: datetime) -> int:
        """Date orders to `now` that a wrong clock has dated `too_far_ahead` of it; returns how many.

        It MUST date the end of one that has ended to `now` too; also of one whose order was dated back before its end.
        Limits look back from now: such orders would count until they have been in the past for a whole window.

        Webhooks that are due that far ahead MUST be due at `now` if they were never claimed, or were claimed last by a
        clock that was that far ahead. Others wait for their time: their last attempt has put them off.
        """

    @abstractmethod
    async def check(self) -> None:
        """Make sure that orders can be written down just now, by writing. It waits behind no reads, and is cheap.

        Reads of one caller (`find_by_key`, `page`, `search`, `usage`) may raise `Overloaded` if too many of them wait.
        """

    @abstractmethod
    def images(self) -> AsyncIterator[ImageOnRecord]:
        """Every image that is written down here: in storage, on its way there, or to be removed."""


class WebhookLedger(Protocol):
    """Remembers which webhooks are due at the end of their generations. `GenerationLedger.receive` writes that down,
    in the same transaction as the order.

    Every method raises `LedgerUnavailable` where the ledger does not answer.
    """

    @abstractmethod
    async def claim(self, limit: int, *, now: datetime, until: datetime) -> Sequence[Delivery]:
        """Give deliveries that are due, of generations at their end, and each to one who asks.

        They count as attempted, and are due again at `until`, in case the worker that claimed them dies.
        """

    @abstractmethod
    async def forget(self, delivery: Delivery) -> None:
        """There is nothing more to deliver; repeating it succeeds.

        Nothing happens if the generation was lifted since it was claimed: its new end is to be delivered.
        """

    @abstractmethod
    async def put_off(self, delivery: Delivery, until: datetime | None, *, attempted: bool = True) -> None:
        """Let it be due again at that time; None gives it up.

        Nothing happens if it was claimed again since, or the generation was lifted.

        If it was not `attempted`, no request was sent, and it does not count.
        """

    @abstractmethod
    async def backlog(self) -> Backlog:
        """How much waits, and how much was given up."""


class WebhookSender(Protocol):
    """Calls the URLs that callers name, except those that the operator forbids."""

    @abstractmethod
    def check(self, url: WebhookUrl) -> None:
        """Look at a URL before anything is promised.

        Raises:
            InvalidValue: it is never called from here; the message says the rule.
        """

    @abstractmethod
    async def send(self, url: WebhookUrl, message_id: str, body: bytes) -> None:
        """Deliver a message, signed now; `message_id` is the same at each attempt.

        Raises:
            NotDelivered: it was not taken.
        """


class RevokedTokens(Protocol):
    """Remembers tokens by their `jti` (RFC 7519, 4.1.7), for all processes that share the ledger.

    Both methods raise `LedgerUnavailable` where the ledger does not answer; asking again does no harm.
    """

    @abstractmethod
    async def revoke(self, jti: str, until: datetime) -> None:
        """Remember a token until it would be accepted no more anyway; durable on return. Repeating it succeeds.

        Of two times for one token the later one counts. What is past its time MUST be forgotten on this occasion.
        """

    @abstractmethod
    async def listed(self) -> Collection[str]:
        """Those that are remembered now."""


class IssuedTokens(Protocol):
    """Remembers the access tokens that were made here under a name, and never the tokens themselves.

    Every method raises `LedgerUnavailable` if the ledger does not answer; asking again does no harm.
    """

    @abstractmethod
    async def record(self, token: IssuedToken) -> bool:
        """Write a token down; durable on return, and True also if it is there already.

        False if its name stands for another one that has not expired.

        Of many with one name one is written. What has expired MUST be forgotten on this occasion.
        """

    @abstractmethod
    async def listed(self) -> Sequence[IssuedToken]:
        """Those that have not expired, by their names."""

    @abstractmethod
    async def forget(self, jti: str) -> None:
        """Forget a token, so that its name is free; one that is not there is forgotten."""
