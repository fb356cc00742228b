"""The ports: what Darkroom needs from the outside, and what every adapter MUST do.

An adapter inherits from its port, so that the type checker checks it. It raises only what its port documents.
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

    `reference` is what the images can be collected with, now or after a restart (links, a job id): small, opaque and
    storable; empty if nothing is left to collect. `images` are those that came with the answer: they are kept at once,
    whether or not the others can be collected. `cost` is what the provider reports that it charges for the whole
    request; None if it reports nothing. `evidence` holds bytes that cannot be used as images: it is set aside at once,
    and is not part of the reference.
    """

    reference: bytes = b""
    images: tuple[GeneratedImage, ...] = ()
    cost: Money | None = None
    evidence: tuple[bytes | Evidence, ...] = ()


class ImageGenerator(Protocol):
    """Draws images, with a provider or in this process."""

    @property
    @abstractmethod
    def cards(self) -> Sequence[ModelCard]:
        """The models that it offers. It never receives a request that breaks a card."""

    @abstractmethod
    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        """Order the images from the provider. This may spend money, so it MUST order once only.

        It MUST NOT try again once a byte of the request may have arrived, and MUST pass on every parameter as given.
        `key` is the same each time the same request is submitted, for providers that charge once for each key.

        Raises:
            GeneratorRefused, GeneratorUnavailable, PromptRejected: nothing was spent.
            OutcomeUnknown: the request may have arrived, and no answer came.
            UnusableImage: it was charged, and the answer cannot be read.
        """

    async def answers(self, request: GenerationRequest, key: str) -> AsyncGenerator[Receipt, None]:
        """Submit, and yield a receipt whenever there is more to keep: each covers everything that came so far.

        A generator that makes several calls for one request yields receipts before the last call has answered, so that
        a crash meanwhile loses no paid image. The last receipt is the one that `submit` returns.

        Raises:
            As `submit`.
        """
        yield await self.submit(request, key)

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        """Yield the images of a receipt, each as soon as it has come, in any order. Costs nothing.

        MUST be repeatable as long as the provider keeps the images, and MUST retry what is free to retry. Yields every
        image that it can get, then raises if any is missing. By default these are the images in the receipt.

        Raises:
            UnusableImage: an image is missing or broken, or can no longer be fetched.
            PromptRejected: the provider's moderation withholds an image; charged yes.
            OutcomeUnknown: the provider does not say what became of the request.
            GeneratorRefused, GeneratorUnavailable: the provider refused an image, and nothing was spent on that one.
        """
        del request
        for image in receipt.images:
            yield image

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        """Return how far the drawing is that was submitted under a key; None if that is not known.

        Called only while a caller listens, in any process. Costs nothing. `receipt` is what `submit` returned, without
        images; None as long as there is none.

        Raises:
            DrawingFailed: the provider cannot be asked at present, which says nothing about the drawing.
        """
        del request, key, receipt
        return None

    async def unfinished(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> GeneratedImage | None:
        """Return an image of what was submitted under a key, as far as it is drawn; None if the provider shows none.

        Called as `progress` is, for callers who want to see it. MUST NOT return an image of another order.

        Raises:
            DrawingFailed: the provider cannot be asked at present, or shows no image, which says nothing about the
                drawing.
        """
        del request, key, receipt
        return None

    async def find(self, request: GenerationRequest, key: str) -> Receipt | None:
        """Look up what was submitted under a key, if its answer was lost. Costs nothing, and orders nothing.

        For providers that let us name an order. A receipt means that the order arrived; its images can be collected as
        usual. None means that the provider does not know the order; it may still arrive.

        Raises:
            GeneratorRefused, GeneratorUnavailable: the provider cannot be asked at present; retrying later is free.
        """
        del request, key
        return None

    async def check(self) -> str:
        """Return a sentence that says that the provider can be reached. Spends nothing.

        Raises:
            GeneratorRefused, GeneratorUnavailable: the provider cannot be used; the message says why.
        """
        return "has nothing to check"


class ImageStorage(Protocol):
    """Keeps images where the operator wants them."""

    @abstractmethod
    async def put(self, image: StoredImage, data: bytes) -> None:
        """Store the bytes of an image under its key with its media type, completely or not at all.

        MUST be durable on return. Repeating it with the same bytes MUST succeed; it MUST NOT overwrite other bytes.
        `image.sha256` is the hash of the bytes as they came from the provider: a storage that can compare it refuses
        any others.

        Raises:
            StorageFault: the image is not stored; another try is free.
            StorageRefused: the image is not stored, and will not be until the operator changes something.
        """

    async def holds(self, image: StoredImage) -> bool:
        """Return whether the whole image is stored; False also if this storage cannot know that.

        Raises:
            StorageFault: the storage cannot be asked at present.
        """
        del image
        return False

    async def get(self, image: StoredImage) -> bytes:
        """Return the bytes of a stored image, for callers that cannot use links.

        Raises:
            StorageFault: the image is missing or damaged, cannot be read at present, or this storage cannot be read.
        """
        raise StorageFault(f"this storage cannot return {image.key}")

    @abstractmethod
    async def link(self, key: str) -> str:
        """Return a URL that lets its holder read the image until the link expires.

        It SHOULD be the same URL for a while, so that browsers can cache the image.

        Raises:
            StorageFault: the link cannot be signed at present.
        """

    async def download_link(self, key: str, name: FileName) -> str:
        """As `link`, but a browser saves the image under `name`, if this storage supports that.

        Raises:
            StorageFault: as `link`.
        """
        del name
        return await self.link(key)

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Remove an image. Removing a missing image succeeds.

        Raises:
            StorageFault: the image may still be there.
        """

    @abstractmethod
    def keys(self) -> AsyncIterator[str]:
        """Yield the key of everything that is stored here.

        Raises:
            StorageFault: not all keys could be listed.
        """

    @abstractmethod
    async def check(self) -> str:
        """Return a sentence that says that images can be stored here. Leaves nothing behind.

        Raises:
            StorageFault: images cannot be stored at present; the message says why.
            StorageRefused: images cannot be stored until the operator changes something. The service does not start
                with such a storage, and accepts no order while the storage refuses.
        """


class NoPreview(Exception):
    """No preview can be made of this image; the message says why."""


class PreviewsUnavailable(Exception):
    """No previews can be made at present."""


class PreviewMaker(Protocol):
    """Makes small copies of images for lists."""

    @abstractmethod
    async def make(self, data: bytes, image: StoredImage, generation: Generation) -> bytes:
        """Return the preview of an image of that generation: a WebP file with the same mark.

        The bytes come from a provider and are not trusted. They MUST NOT be decoded in this process.

        Raises:
            NoPreview: no preview can be made of these bytes, now or later.
            PreviewsUnavailable: no preview can be made at present.
        """


RECEIPT: Final = -1
"""Instead of an image's index: the provider's receipt, while the ledger could not record it."""


def seed_index(index: int) -> int:
    """Return what is used instead of an index for the seed of an image, if it is not the sent one. Its own inverse."""
    return RECEIPT - 1 - index


class ImageSpool(Protocol):
    """Keeps drawn images until they are stored, also through a crash of the process.

    An image is identified by the id of its generation and its index among the samples, from 0. `RECEIPT` and
    `seed_index` are used instead of an index for other data of a generation.
    Every method but `full` raises `StorageFault` if it fails at present.
    """

    @abstractmethod
    async def put(self, generation_id: str, index: int, data: bytes) -> str:
        """Keep bytes, replacing any that were there; durable on return. Return their SHA-256 in hexadecimal."""

    @abstractmethod
    async def get(self, generation_id: str, index: int) -> bytes | None:
        """Return the bytes of an image; None if there are none."""

    @abstractmethod
    async def secure(self, generation_id: str, index: int) -> None:
        """Make an image survive as much as this spool can, since its upload did not end soon."""

    @abstractmethod
    async def remove(self, generation_id: str, index: int) -> None:
        """Remove an image. Removing a missing image succeeds."""

    @abstractmethod
    async def waiting(self) -> Sequence[tuple[str, int]]:
        """Return the generation's id and the index of each image that waits here."""

    @abstractmethod
    async def set_aside(self, name: str, evidence: bytes | Evidence) -> None:
        """Keep a provider's unusable answer for the operator, within the space that is set for evidence."""

    @abstractmethod
    async def aside_names(self) -> Sequence[str]:
        """Return the name of every piece of evidence; each begins with the name that `set_aside` was given."""

    @abstractmethod
    async def remove_aside(self, name: str) -> None:
        """Remove a piece of evidence. Removing a missing piece succeeds."""

    @property
    @abstractmethod
    def full(self) -> bool:
        """Whether no more may be ordered, since too much waits here or nothing can be put here at present."""


@dataclass(frozen=True, slots=True)
class ImageOnRecord:
    """An image in the ledger, by its storage key; `waits` if it is not in the storage yet."""

    key: str
    waits: bool


@dataclass(frozen=True, slots=True)
class Abandoned:
    """An unfinished generation of a dead worker; `spool` names the spool with its waiting images, if any."""

    generation: Generation
    spool: str


LOCAL: Final = "local"
"""The name of the spool beside a ledger that knows only one."""


class CallState(StrEnum):
    """The state of a call."""

    BEGUN = "begun"
    CUT = "cut"
    """The caller's connection ended before it had the whole answer."""

    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call without an idempotency key, at a door whose clients repeat calls by themselves.

    `body` identifies everything that was ordered. `key` is the key of its order: a new one, or that of the call that it
    repeats. `repeats` says whether it may be a repetition.
    """

    id: str
    caller: str
    body: str
    key: IdempotencyKey
    repeats: bool
    state: CallState = CallState.BEGUN


class GenerationLedger(Protocol):
    """Records every order and its outcome durably.

    Every method raises `LedgerUnavailable` if the ledger does not answer. It is then not known whether something was
    written; repeating the call does no harm.
    """

    @abstractmethod
    async def receive(self, generation: Generation, limits: Limits) -> Generation:
        """Record a new generation as this worker's, or return the one that its key already stands for.

        One transaction, correct under concurrency and across machines: of many calls with one key the first is
        recorded, and all return it. Limits apply only to a generation that is recorded.

        Raises:
            QuotaExceeded, SpendLimit: a limit would be exceeded; `retry_after` says when there may be room.
        """

    @abstractmethod
    async def record(self, generation: Generation) -> None:
        """Record the next revision of a generation. Repeating it succeeds.

        Raises:
            Superseded: the ledger does not hold the previous revision.
        """

    @abstractmethod
    async def promise(self, generation_id: str) -> Generation | None:
        """Mark a generation as promised if it is still `received`. Return its present state, None if there is none.

        The caller is about to be promised that it will be drawn. MUST be durable on return, and MUST NOT change the
        revision, so that the worker which is about to draw it is not disturbed.
        """

    @abstractmethod
    async def withdraw(self, generation: Generation) -> None:
        """As `record`, for the end of a generation that was received and never sent to a provider.

        Raises:
            Superseded: as `record`, or the generation was promised since it was read.
        """

    @abstractmethod
    async def lift(self, generation: Generation) -> None:
        """As `record`, for a generation of any worker whose outcome was corrected after its end.

        In the same transaction its webhook, if it has one, becomes due again.
        """

    @abstractmethod
    async def find(self, generation_id: str) -> Generation | None:
        """Return a generation of any caller in its present state; None if there is none."""

    @abstractmethod
    async def track(self, call: Call, within: timedelta) -> Call:
        """Record the state of a call; return the call with the key of its order.

        A call that has begun and may be a repetition gets the key of a call of the same caller and body that was cut
        within that time, the oldest first; each cut call is given to one repetition. The calls of a dead worker were
        cut when the worker was last seen alive. An answered call is forgotten. Correct under concurrency and across
        machines. Repeating it succeeds.
        """

    @abstractmethod
    async def find_by_key(self, caller: str, key: IdempotencyKey) -> Generation | None:
        """Return the generation that a caller's key stands for; None if the key is free."""

    @abstractmethod
    async def page(self, caller: str, *, limit: int, before: str | None = None) -> Sequence[Generation]:
        """Return up to `limit` of a caller's generations older than the id `before`, newest first; not erased ones."""

    @abstractmethod
    async def search(self, caller: str, search: Search, *, limit: int, before: str | None = None) -> HistoryPage:
        """As `page`, limited to generations that match `search`.

        It MUST read at most `Search.LOOKS_AT` of the caller's rows: a page may have fewer than `limit` generations and
        still be followed by another.
        """

    @abstractmethod
    async def take_abandoned(self, limit: int, at_work: Container[str]) -> Sequence[Generation]:
        """Give unfinished generations that no worker works on to this worker, and return their next revision.

        These are the generations of dead workers, and this worker's own that are not `at_work`, since the answer of an
        earlier `take_abandoned` was lost. `at_work` changes all the time, so it MUST be asked after a row was read, and
        the row MUST be taken only if its revision is still the one that was read. MUST NOT take a generation of a
        living worker, however slow, nor one whose images wait in a spool that is out of reach.
        """

    @abstractmethod
    async def abandoned(self, limit: int) -> Sequence[Abandoned]:
        """Return the oldest unfinished generations of dead workers, without taking them.

        Generations that a living process on another machine will take, since it holds their spool, are left out.
        """

    @abstractmethod
    async def reserve(self, generator: str, images: int, per_minute: int) -> float:
        """Reserve images in a provider's quota of a sliding minute, which all workers share.

        Return 0 if they are reserved, otherwise the seconds after which there may be room.
        """

    @abstractmethod
    async def usage(self, since: datetime, caller: str | None = None) -> Sequence[Usage]:
        """Return what was ordered since then, by caller, model and day (UTC); if `caller` is given, only theirs."""

    @abstractmethod
    async def durations(self, like: GenerationRequest) -> Sequence[timedelta]:
        """Return how long recent orders like this one took, from arrival to end, if all their images were stored.

        These are orders of the same model with half to twice as many pixels in all images, among the last hundred of
        the model whose images are kept. MUST leave out lifted orders, since their end is the time of the correction,
        and orders whose end is not after their arrival, since a clock was set back.
        """

    @abstractmethod
    async def sweepable(self, *, erase_before: datetime | None, forget_before: datetime | None) -> Sequence[Generation]:
        """Return finished generations that are to be swept, at most a few hundred.

        These are the ones created before `erase_before` that are not erased, the ones created before `forget_before`
        whose prompts are still kept, and the ones with images that are still to be removed from the storage.
        """

    @abstractmethod
    async def date_back(self, now: datetime) -> int:
        """Redate orders to `now` that a wrong clock has dated `too_far_ahead` of it; return how many.

        The end of such a generation MUST be redated to `now` too, also if its order was redated before it ended. Limits
        look back from now, so such an order would count until it is older than a whole window.

        Webhooks that are due that far ahead MUST become due at `now` if they were never claimed, or if the clock of
        their last claim was that far ahead. Others stay as their last attempt has put them off.
        """

    @abstractmethod
    async def check(self) -> None:
        """Write something, to make sure that orders can be recorded. It does not wait behind reads, and is cheap.

        Reads of one caller (`find_by_key`, `page`, `search`, `usage`) may raise `Overloaded` if too many of them wait.
        """

    @abstractmethod
    def images(self) -> AsyncIterator[ImageOnRecord]:
        """Yield every image in this ledger: stored, waiting to be stored, or to be removed."""


class WebhookLedger(Protocol):
    """Records which webhooks are to be delivered when their generations end.

    `GenerationLedger.receive` adds them in the same transaction as the order.

    Every method raises `LedgerUnavailable` if the ledger does not answer.
    """

    @abstractmethod
    async def claim(self, limit: int, *, now: datetime, until: datetime) -> Sequence[Delivery]:
        """Return due deliveries of finished generations, each to one worker only.

        They count as attempted, and become due again at `until`, in case the worker that claimed them dies.
        """

    @abstractmethod
    async def forget(self, delivery: Delivery) -> None:
        """Remove a delivery that is done. Repeating it succeeds.

        Nothing happens if the generation was lifted since the claim: its new end is still to be delivered.
        """

    @abstractmethod
    async def put_off(self, delivery: Delivery, until: datetime | None, *, attempted: bool = True) -> None:
        """Make a delivery due again at `until`; None gives it up.

        Nothing happens if it was claimed again since, or if the generation was lifted. If it was not `attempted`, no
        request was sent, and the attempt does not count.
        """

    @abstractmethod
    async def backlog(self) -> Backlog:
        """Return how many deliveries wait, and how many were given up."""


class WebhookSender(Protocol):
    """Calls the URLs that callers name, except those that the operator forbids."""

    @abstractmethod
    def check(self, url: WebhookUrl) -> None:
        """Check a URL before anything is promised.

        Raises:
            InvalidValue: the URL is never called from here; the message gives the rule.
        """

    @abstractmethod
    async def send(self, url: WebhookUrl, message_id: str, body: bytes) -> None:
        """Deliver a message, signed now; `message_id` is the same at each attempt.

        Raises:
            NotDelivered: the receiver did not accept it.
        """


class RevokedTokens(Protocol):
    """Remembers tokens by their `jti` (RFC 7519, 4.1.7), for all processes that share the ledger.

    Both methods raise `LedgerUnavailable` if the ledger does not answer; repeating the call does no harm.
    """

    @abstractmethod
    async def revoke(self, jti: str, until: datetime) -> None:
        """Remember a token until `until`, when it expires; durable on return. Repeating it succeeds.

        Of two times for one token the later one counts. Tokens past their time MUST be forgotten on this occasion.
        """

    @abstractmethod
    async def listed(self) -> Collection[str]:
        """Return the tokens that are remembered now."""


class IssuedTokens(Protocol):
    """Remembers the access tokens that were made under a name, but never the tokens themselves.

    Every method raises `LedgerUnavailable` if the ledger does not answer; repeating the call does no harm.
    """

    @abstractmethod
    async def record(self, token: IssuedToken) -> bool:
        """Record a token; durable on return. Return True, also if it is recorded already.

        Return False if its name belongs to another token that has not expired. Of many calls with one name, one
        succeeds. Expired tokens MUST be forgotten on this occasion.
        """

    @abstractmethod
    async def listed(self) -> Sequence[IssuedToken]:
        """Return the tokens that have not expired, sorted by name."""

    @abstractmethod
    async def forget(self, jti: str) -> None:
        """Forget a token, so that its name is free. Forgetting an unknown token succeeds."""
