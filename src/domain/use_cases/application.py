"""The whole application, built from its ports."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

from darkroom.domain.model.generation import Generation
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.policy import Policy
from darkroom.domain.ports import (
    GenerationLedger,
    ImageGenerator,
    ImageSpool,
    ImageStorage,
    PreviewMaker,
    WebhookLedger,
    WebhookSender,
)
from darkroom.domain.use_cases.deliver_webhooks import DeliverWebhooks
from darkroom.domain.use_cases.follow import FollowGeneration
from darkroom.domain.use_cases.generate_images import GenerateImages
from darkroom.domain.use_cases.keep import KeepGenerations
from darkroom.domain.use_cases.lost_spools import LostSpools
from darkroom.domain.use_cases.previews import MakePreviews
from darkroom.domain.use_cases.recover import Recover
from darkroom.domain.use_cases.work import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """How webhooks are sent; `message` returns the body for a generation in its present state."""

    ledger: WebhookLedger
    sender: WebhookSender
    message: Callable[[Generation], Awaitable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The use cases of one process, which share its `Work`."""

    generate: GenerateImages
    follow: FollowGeneration
    keep: KeepGenerations
    recover: Recover
    lost: LostSpools
    deliver: DeliverWebhooks | None
    previews: MakePreviews | None

    @classmethod
    def of(
        cls,
        generator: ImageGenerator,
        storage: ImageStorage,
        spool: ImageSpool,
        ledger: GenerationLedger,
        *,
        cards: Mapping[str, ModelCard],
        policy: Policy,
        clock: Callable[[], datetime],
        watch: Watch = lambda _: nullcontext(),
        webhooks: Webhooks | None = None,
        previews: PreviewMaker | None = None,
    ) -> "Application":
        """Build the use cases. Decorators of ports, such as metrics, are applied by the caller."""
        making = MakePreviews(previews, ledger=ledger, storage=storage) if previews else None
        generate = GenerateImages(
            generator,
            storage,
            spool,
            ledger,
            cards=cards,
            policy=policy,
            clock=clock,
            watch=watch,
            stored=making.want if making else lambda _: None,
        )
        return cls(
            generate=generate,
            follow=FollowGeneration(ledger=ledger, work=generate.work, generator=generator, clock=clock),
            keep=KeepGenerations(ledger=ledger, storage=storage, clock=clock, previews=making),
            recover=Recover(spool, ledger, generate.work, cards=cards),
            lost=LostSpools(storage, spool, ledger, policy=policy, clock=clock, work=generate.work),
            deliver=DeliverWebhooks(webhooks.ledger, webhooks.sender, webhooks.message, clock=clock)
            if webhooks
            else None,
            previews=making,
        )
