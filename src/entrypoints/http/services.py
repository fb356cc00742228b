"""What the HTTP entry point needs; the composition root provides it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from darkroom.domain.model.limits import Limits
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.ports import GenerationLedger, ImageStorage, WebhookSender
from darkroom.domain.use_cases.follow import FollowGeneration
from darkroom.domain.use_cases.generate_images import GenerateImages
from darkroom.domain.use_cases.keep import KeepGenerations
from darkroom.domain.use_cases.previews import MakePreviews
from darkroom.entrypoints.http.auth.sign_in import SignIn
from darkroom.entrypoints.http.auth.tokens import TokenVerifier
from darkroom.entrypoints.http.event_stream import StreamRoom
from darkroom.entrypoints.http.signed_files import SignedFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The use cases, and the ports that the handlers use.

    Attributes:
        cards: The model cards by version.
        limits: Limits of callers whose token sets none.
        repeated_within: How long a call of OpenAI's clients that was cut off may be repeated without a key.
        files: Opens this service's signed links; None if the storage has links of its own.
        webhooks: Calls webhook URLs; None if webhooks are switched off.
        sign_in: How people sign in on the page; None if they cannot.
        previews: Makes previews of stored images; None if none are made.
        memory: Reserves memory, in bytes, for images that are read back; the block waits until there is room.
    """

    generate: GenerateImages
    keep: KeepGenerations
    follow: FollowGeneration
    ledger: GenerationLedger
    storage: ImageStorage
    cards: Mapping[str, ModelCard]
    tokens: TokenVerifier
    streams: StreamRoom
    clock: Callable[[], datetime]
    limits: Limits = field(default_factory=Limits)
    repeated_within: timedelta = timedelta(seconds=300)
    files: SignedFiles | None = None
    webhooks: WebhookSender | None = None
    sign_in: SignIn | None = None
    previews: MakePreviews | None = None
    memory: Callable[[int], AbstractAsyncContextManager[None]] = lambda _: nullcontext()
