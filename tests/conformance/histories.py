"""Strategies for the revisions of any generation that the domain can produce."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.generation import Fallback, Generation, GenerationRequest, Preview, State, StoredImage
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.money import Money
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.model.values import (
    GuidanceScale,
    IdempotencyKey,
    ImageSize,
    InferenceSteps,
    ModelVersion,
    Prompt,
    SampleCount,
    Seed,
    WebhookUrl,
)

# Text that a JSON document can contain. Names of callers are shorter: they come from tokens, which are checked.
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_name = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
_instants = st.datetimes(datetime(1999, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # `timezones` adds it
_versions = st.sampled_from(["v2.0", "v2.1", "사진"]).map(ModelVersion)
_prompts = _name.map(lambda text: Prompt(f"a{text}"))  # the first character is visible, as a prompt requires
_seeds = st.integers(Seed.MIN, Seed.MAX).map(Seed)
_money = st.builds(Money, st.decimals(0, 10_000, places=4, allow_nan=False), st.sampled_from(["USD", "EUR", "KRW"]))
_kinds = st.sampled_from([GeneratorRefused, GeneratorUnavailable, OutcomeUnknown, PromptRejected, UnusableImage])


def _seeds_of(samples: int) -> st.SearchStrategy[tuple[Seed, ...]]:
    return st.just(()) | st.lists(_seeds, min_size=samples, max_size=samples).map(tuple)


def _fallbacks(samples: int) -> st.SearchStrategy[tuple[Fallback, ...]]:
    one = st.builds(Fallback, _versions, _name, _seeds_of(samples), st.none() | _money)
    return st.lists(one, max_size=3).map(tuple)


@st.composite
def _requests(draw: st.DrawFn) -> GenerationRequest:
    samples = draw(st.integers(SampleCount.MIN, SampleCount.MAX))
    return GenerationRequest(
        version=draw(_versions),
        prompt=draw(_prompts),
        size=ImageSize(draw(st.integers(16, 8192)), draw(st.integers(16, 8192))),
        samples=samples,
        seeds=draw(_seeds_of(samples)),
        parameters=Parameters(
            negative_prompt=draw(st.none() | _prompts),
            num_inference_steps=draw(st.none() | st.integers(10, 100).map(InferenceSteps)),
            guidance_scale=draw(st.none() | st.floats(1, 20).map(GuidanceScale)),
        ),
    )


@st.composite
def _images(draw: st.DrawFn, samples: int) -> list[StoredImage]:
    return [
        StoredImage(
            index=index,
            id=draw(_text),
            seed=draw(st.none() | _seeds),
            key=f"images/{uuid7()}.png",
            media_type=draw(st.sampled_from(MediaType)),
            length=draw(st.integers(1, 2**40)),
            sha256="a" * 64,
        )
        for index in sorted(draw(st.sets(st.integers(0, samples - 1), min_size=1)))
    ]


@st.composite
def _previews(draw: st.DrawFn, generation: Generation) -> dict[int, Preview]:
    one = draw(st.sampled_from(generation.images))
    stored = replace(Preview.beside(one.key, 300, "b" * 64), stored=draw(st.booleans()))
    return {one.index: draw(st.sampled_from([stored, Preview.impossible()]))}


@st.composite
def _failures(draw: st.DrawFn, charged: st.SearchStrategy[Charged]) -> DrawingFailed:
    return draw(_kinds)(draw(_text), charged=draw(charged), retry_after=draw(st.none() | st.integers(1, 3600)))


@st.composite
def histories(draw: st.DrawFn) -> list[Generation]:
    """The successive revisions of one generation, along the transitions of the domain."""
    request = draw(_requests())
    generation = Generation(
        id=uuid7(),
        caller=draw(_name),
        request=request,
        model=draw(_versions),
        generator=draw(_name),
        fallbacks=draw(_fallbacks(request.samples)),
        fingerprint="f" * 64,
        created_at=draw(_instants),
        key=draw(st.none() | st.just(IdempotencyKey(uuid7()))),
        promised=draw(st.booleans()),
        webhook=draw(st.none() | st.just(WebhookUrl("https://receiver.example/hook"))),
        cost=draw(st.none() | _money),
    )
    history = [generation]
    for _ in range(draw(st.integers(0, 7))):
        steps = _steps(draw, history[-1])
        if not steps:
            break
        history.append(draw(st.sampled_from(steps))())
    return history


def _steps(draw: st.DrawFn, now: Generation) -> list[Callable[[], Generation]]:
    def images() -> list[StoredImage]:
        return draw(_images(now.request.samples))

    def fail(*charged: Charged) -> DrawingFailed:
        return draw(_failures(st.sampled_from(charged)))

    def at() -> datetime:
        return draw(_instants)

    match now.state:
        case State.RECEIVED:
            return [now.submitted, lambda: now.cancelled(at()), lambda: now.failed(fail(Charged.NO), at())]
        case State.SUBMITTED:
            return [
                lambda: now.receipted(draw(st.binary(min_size=1, max_size=300))),
                lambda: now.drawn(images()),
                lambda: now.drawn(images(), fail(*Charged)),
                lambda: now.failed(fail(*Charged), at()),
                *([lambda: now.handed_on().submitted()] if now.fallbacks else []),
            ]
        case State.DRAWN:
            return [lambda: now.stored(now.waiting, at()), lambda: now.stored(now.waiting[1:], at())]
        case _ if now.erased_at:
            return [now.emptied] if now.to_be_emptied else []
        case _:
            return [
                lambda: now.erased(at()),
                *([now.forgotten] if now.prompts_kept else []),
                *([lambda: now.without(draw(st.sampled_from(now.images)).index)] if now.images else []),
                *([now.emptied] if now.to_be_emptied else []),
                *([lambda: now.with_previews(draw(_previews(now)))] if now.images else []),
            ]
