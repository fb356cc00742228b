"""Builds the service from its parts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from dependency_injector import containers, providers

from darkroom.adapters.generators.by_version import ByVersionImageGenerator
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.adapters.spools.recent import RecentImages
from darkroom.domain.ports import (
    GenerationLedger,
    ImageGenerator,
    ImageSpool,
    ImageStorage,
    WebhookLedger,
    WebhookSender,
)
from darkroom.domain.use_cases.application import Application
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.generators import open_generator
from darkroom.entrypoints.container.ledgers import open_records
from darkroom.entrypoints.container.marks import Marks, read_marks
from darkroom.entrypoints.container.memory import ImageMemory
from darkroom.entrypoints.container.models import read_models
from darkroom.entrypoints.container.policy import read_policy
from darkroom.entrypoints.container.previews import preview_maker
from darkroom.entrypoints.container.sign_in import find_sign_in
from darkroom.entrypoints.container.storages import open_storage
from darkroom.entrypoints.container.tokens import open_token_verifier
from darkroom.entrypoints.container.trying import try_spool, try_storage
from darkroom.entrypoints.container.watching import Watching
from darkroom.entrypoints.container.webhooks import open_webhooks, webhooks_by
from darkroom.entrypoints.http.auth.sign_in import SignIn
from darkroom.entrypoints.http.auth.tokens import TokenVerifier
from darkroom.entrypoints.http.event_stream import StreamRoom
from darkroom.entrypoints.http.services import Services
from darkroom.entrypoints.http.signed_files import SignedFiles
from darkroom.entrypoints.settings import BadSettings, Settings


class Container(containers.DeclarativeContainer):
    """The use cases, each built once on first access, from ports that are open by then."""

    settings = providers.Dependency(instance_of=Settings)
    generator: providers.Dependency[ImageGenerator] = providers.Dependency()
    storage: providers.Dependency[ImageStorage] = providers.Dependency()
    spool: providers.Dependency[ImageSpool] = providers.Dependency()
    ledger: providers.Dependency[GenerationLedger] = providers.Dependency()
    files: providers.Dependency[SignedFiles | None] = providers.Dependency()
    memory = providers.Dependency(instance_of=ImageMemory)
    marks = providers.Dependency(instance_of=Marks)
    watching = providers.Dependency(instance_of=Watching)
    tokens: providers.Dependency[TokenVerifier] = providers.Dependency()
    sign_in: providers.Dependency[SignIn | None] = providers.Dependency()
    webhook_ledger: providers.Dependency[WebhookLedger] = providers.Dependency()
    webhook_sender: providers.Dependency[WebhookSender | None] = providers.Dependency()

    models = providers.Singleton(read_models, settings, generator)
    cards = models.provided.cards
    policy = providers.Singleton(read_policy, settings, models)
    webhooks = providers.Singleton(webhooks_by, webhook_sender, settings, webhook_ledger, storage)
    application = providers.Singleton(
        Application.of,
        generator,
        storage,
        spool,
        ledger,
        cards=cards,
        policy=policy,
        clock=providers.Object(now),
        watch=watching.provided.generation,
        webhooks=webhooks,
        previews=providers.Singleton(preview_maker, settings, cards, marks),
    )
    streams = providers.Singleton(StreamRoom, settings.provided.limits.max_streams)
    services = providers.Singleton(
        Services,
        generate=application.provided.generate,
        keep=application.provided.keep,
        follow=application.provided.follow,
        previews=application.provided.previews,
        streams=streams,
        ledger=ledger,
        storage=storage,
        cards=cards,
        tokens=tokens,
        sign_in=sign_in,
        clock=providers.Object(now),
        limits=policy.provided.limits,
        repeated_within=providers.Factory(timedelta, seconds=settings.provided.service.v1_replay),
        files=files,
        webhooks=webhook_sender,
        memory=memory.provided.answers.holding,
    )


@asynccontextmanager
async def open_container(
    settings: Settings,
    *,
    watching: Watching | None = None,
    generators: Sequence[ImageGenerator] | None = None,
    tokens: TokenVerifier | None = None,
) -> AsyncIterator[Container]:
    """Open what the settings name, and close it after the block: the generators first, the ledger last.

    `watching` wraps the ports and the work. `generators` and `tokens` replace what the settings name, for tests and for
    trying a generator. With `tokens` given, there is no sign-in on the page, and the issuer is not contacted.

    Raises:
        BadSettings: something cannot be opened with these settings.
        StorageFault, LedgerUnavailable, KeysUnavailable: something cannot be reached.
    """
    watching = watching or Watching()
    async with AsyncExitStack() as opened:
        records = await opened.enter_async_context(open_records(settings))
        await try_spool(records.on_disk)
        sign_in = None
        if tokens is None:
            tokens = await opened.enter_async_context(open_token_verifier(settings, records.revoked, watching))
            sign_in = await find_sign_in(settings)
        stored = await opened.enter_async_context(open_storage(settings))
        storage_takes_images = await try_storage(settings, stored.storage)
        webhooks = await opened.enter_async_context(open_webhooks(settings))
        memory = ImageMemory.of(settings.limits.memory_bytes)
        if generators is None:
            intake = Intake(memory.arriving, settings.limits.image_bytes, settings.service.data_dir / "arriving")
            names = settings.generators.names
            generators = [await opened.enter_async_context(open_generator(settings, name, intake)) for name in names]
        generators = [watching.generator(generator) for generator in generators]
        marks = read_marks(settings)
        container = Container(
            settings=settings,
            generator=_by_version(marks.on_images_of(generators)),
            storage=watching.storage(stored.storage),
            files=stored.files,
            spool=RecentImages(watching.spool(records.spool), memory.recent),
            ledger=watching.ledger(records.ledger),
            memory=memory,
            marks=marks,
            watching=watching,
            tokens=tokens,
            sign_in=sign_in,
            webhook_ledger=watching.webhooks(records.webhooks),
            webhook_sender=webhooks,
        )
        # Build the cards now, so that settings that contradict each other are reported at the start.
        container.cards()
        if not storage_takes_images:
            container.application().generate.work.trial.doubt()
        watching.begin(settings, container.models(), container.application(), container.streams(), records.on_disk)
        yield container


def _by_version(generators: Sequence[ImageGenerator]) -> ImageGenerator:
    try:
        return ByVersionImageGenerator(generators)
    except ValueError as reason:
        raise BadSettings(f"DARKROOM_GENERATORS must offer each model once: {reason}") from reason
