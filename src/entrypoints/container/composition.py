"""How the parts of the house meet."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from dependency_injector import containers, providers

from darkroom.adapters.generators.by_version import ByVersionImageGenerator
from darkroom.adapters.spools.recent import RecentImages
from darkroom.domain.ports import (
    GenerationLedger,
    ImageGenerator,
    ImageSpool,
    ImageStorage,
    WebhookLedger,
    WebhookSender,
)
from darkroom.domain.use_cases.deliver_webhooks import DeliverWebhooks
from darkroom.domain.use_cases.draw_generation import DrawGeneration
from darkroom.domain.use_cases.follow_generation import FollowGeneration
from darkroom.domain.use_cases.generate_images import GenerateImages
from darkroom.domain.use_cases.keep_generations import KeepGenerations
from darkroom.domain.use_cases.provider_quota import ProviderQuota
from darkroom.domain.use_cases.running_generations import RunningGenerations
from darkroom.domain.use_cases.settle_generations import SettleGenerations
from darkroom.domain.use_cases.store_generation import StoreGeneration
from darkroom.domain.use_cases.tidy_spool import TidySpool
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.generators import open_generator
from darkroom.entrypoints.container.ledgers import open_records
from darkroom.entrypoints.container.marks import marking
from darkroom.entrypoints.container.models import read_models
from darkroom.entrypoints.container.storages import key_prefix, open_storage
from darkroom.entrypoints.container.tokens import open_token_verifier
from darkroom.entrypoints.container.watching import Watching
from darkroom.entrypoints.container.webhooks import open_webhooks
from darkroom.entrypoints.http.auth.tokens import TokenVerifier
from darkroom.entrypoints.http.event_stream import StreamRoom
from darkroom.entrypoints.http.services import Services
from darkroom.entrypoints.http.signed_files import SignedFiles
from darkroom.entrypoints.http.webhook_message import webhook_message
from darkroom.entrypoints.settings import BadSettings, Settings

# So many images are uploaded, and held in memory, at once.
_UPLOADS: Final = 16


class Container(containers.DeclarativeContainer):
    """The use cases, each made once, when it is first asked for, from ports that are open by then."""

    settings = providers.Dependency(instance_of=Settings)
    generator: providers.Dependency[ImageGenerator] = providers.Dependency()
    storage: providers.Dependency[ImageStorage] = providers.Dependency()
    spool: providers.Dependency[ImageSpool] = providers.Dependency()
    ledger: providers.Dependency[GenerationLedger] = providers.Dependency()
    files: providers.Dependency[SignedFiles | None] = providers.Dependency()
    watching = providers.Dependency(instance_of=Watching)
    tokens: providers.Dependency[TokenVerifier] = providers.Dependency()
    webhook_ledger: providers.Dependency[WebhookLedger] = providers.Dependency()
    webhook_sender: providers.Dependency[WebhookSender | None] = providers.Dependency()

    models = providers.Singleton(read_models, settings, generator)
    cards = models.provided.cards
    quota = providers.Singleton(ProviderQuota, ledger, settings.provided.images_per_minute)
    draw = providers.Singleton(
        DrawGeneration,
        generator=generator,
        spool=spool,
        ledger=ledger,
        quota=quota,
        clock=providers.Object(now),
        key_prefix=providers.Callable(key_prefix, settings),
    )
    store = providers.Singleton(
        StoreGeneration,
        storage=storage,
        spool=spool,
        ledger=ledger,
        clock=providers.Object(now),
        patience=settings.provided.limits.store_timeout,
        uploads=_UPLOADS,
    )
    running = providers.Singleton(
        RunningGenerations,
        draw,
        store,
        ledger,
        spool,
        max_in_flight=settings.provided.limits.max_in_flight,
        max_queued=settings.provided.limits.max_queued,
        watch=watching.provided.generation,
    )
    generate = providers.Singleton(
        GenerateImages,
        cards=cards,
        ledger=ledger,
        running=running,
        clock=providers.Object(now),
        images_per_day=settings.provided.limits.images_per_day,
        spend_per_day=settings.provided.limits.spend_per_day,
        patience=settings.provided.limits.store_timeout,
        chains=models.provided.chains,
    )
    settle = providers.Singleton(SettleGenerations, ledger=ledger, running=running, cards=cards)
    keep = providers.Singleton(KeepGenerations, ledger=ledger, storage=storage, clock=providers.Object(now))
    deliver = providers.Singleton(
        DeliverWebhooks,
        ledger=webhook_ledger,
        sender=webhook_sender,
        message=providers.Callable(
            partial, webhook_message, storage=storage, public_path=settings.provided.service.public_path
        ),
        clock=providers.Object(now),
    )
    follow = providers.Singleton(
        FollowGeneration, ledger=ledger, running=running, generator=generator, clock=providers.Object(now)
    )
    streams = providers.Singleton(StreamRoom, settings.provided.limits.max_streams)
    tidy = providers.Singleton(TidySpool, spool=spool, ledger=ledger)
    services = providers.Singleton(
        Services,
        generate=generate,
        keep=keep,
        follow=follow,
        streams=streams,
        running=running,
        ledger=ledger,
        storage=storage,
        cards=cards,
        tokens=tokens,
        clock=providers.Object(now),
        images_per_day=settings.provided.limits.images_per_day,
        spend_per_day=settings.provided.limits.spend_per_day,
        files=files,
        webhooks=webhook_sender,
    )


@asynccontextmanager
async def open_container(
    settings: Settings,
    *,
    watching: Watching | None = None,
    generators: Sequence[ImageGenerator] | None = None,
    tokens: TokenVerifier | None = None,
) -> AsyncIterator[Container]:
    """Open what the settings name, and close it after the block: first what draws, last the ledger.

    `watching` is put around the ports and the work. `generators` and `tokens` stand in for what the settings name: for
    tests, and for trying one out.

    Raises:
        BadSettings: something cannot be opened as it is set.
        StorageFault, LedgerUnavailable, KeysUnavailable: something cannot be reached.
    """
    watching = watching or Watching()
    async with AsyncExitStack() as opened:
        records = await opened.enter_async_context(open_records(settings))
        if tokens is None:
            tokens = await opened.enter_async_context(open_token_verifier(settings, records.revoked, watching))
        stored = await opened.enter_async_context(open_storage(settings))
        webhooks = await opened.enter_async_context(open_webhooks(settings))
        if generators is None:
            names = settings.generators.names
            generators = [await opened.enter_async_context(open_generator(settings, name)) for name in names]
        generators = [watching.generator(generator) for generator in generators]
        container = Container(
            settings=settings,
            generator=_by_version(marking(settings, generators)),
            storage=watching.storage(stored.storage),
            files=stored.files,
            spool=RecentImages(records.spool, settings.limits.memory_bytes),
            ledger=watching.ledger(records.ledger),
            watching=watching,
            tokens=tokens,
            webhook_ledger=watching.webhooks(records.webhooks),
            webhook_sender=webhooks,
        )
        # What does not fit together is told now, and not to the first who calls.
        container.cards()
        watching.begin(settings, container.models(), container.running(), container.streams(), records.on_disk)
        yield container


def _by_version(generators: Sequence[ImageGenerator]) -> ImageGenerator:
    try:
        return ByVersionImageGenerator(generators)
    except ValueError as reason:
        raise BadSettings(f"DARKROOM_GENERATORS must offer each model once: {reason}") from reason
