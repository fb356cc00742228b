"""What the HTTP entry point needs; the composition root hands it in."""

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
    """The use cases, and the ports that the handlers read from.

    `cards` by version. `previews` makes those of stored images, if there are any. `limits` hold for callers whose
    token sets no other. `files` reads what signed links of this service name, if the storage has such links;
    `webhooks` calls whom callers name, where the operator lets it. `memory` holds room for this many bytes of images
    that are read back, for the length of a block. `repeated_within`: for how long a call of OpenAI's clients that was
    cut off may be repeated without a key. `sign_in` is how people sign in on the page, if they do.
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
