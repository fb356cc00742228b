"""The marks that images get, by name. What is not chosen is not imported: signing brings a large library."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from darkroom.adapters.marks.files import Mark, stated_in_xmp
from darkroom.adapters.marks.generator import MarkingImageGenerator
from darkroom.adapters.marks.inspection import Inspection, inspect
from darkroom.adapters.marks.manifests import Credentials
from darkroom.adapters.marks.statement import Statement
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import Generation, StoredImage
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.ports import ImageGenerator
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.settings import BadSettings, C2PASettings, Settings

__all__ = ["Credentials", "Inspection", "inspect", "marker", "marking", "told_of_marks"]


def marking(settings: Settings, generators: Sequence[ImageGenerator]) -> Sequence[ImageGenerator]:
    """The same generators, with the marks on their images that the settings ask for.

    Raises:
        BadSettings: there is nothing to sign with as it is set.
    """
    mark = _mark(settings)
    if mark is None:
        return generators
    takes_time = settings.marks.kind == "c2pa"
    return [
        MarkingImageGenerator(generator, mark, prompts=settings.marks.prompts, takes_time=takes_time)
        for generator in generators
    ]


def marker(settings: Settings) -> Callable[[bytes, StoredImage, Generation, ModelCard], bytes] | None:
    """What gives the preview of an image, in WebP, the mark that the image has; None if images have none.

    Raises:
        BadSettings: as `marking`.
    """
    mark = _mark(settings)
    if mark is None:
        return None

    def marked(data: bytes, image: StoredImage, generation: Generation, card: ModelCard) -> bytes:
        prompt = settings.marks.prompts and generation.prompts_kept
        return mark(data, MediaType.WEBP, Statement.of(card, generation.request, image.seed, prompt=prompt))

    return marked


def _mark(settings: Settings) -> Mark | None:
    match settings.marks.kind:
        case "none":
            return None
        case "c2pa":
            return _signing(settings.of(C2PASettings))[0]
        case _:
            return stated_in_xmp


def told_of_marks(settings: Settings) -> str:
    """Say in a sentence what images will say.

    Raises:
        BadSettings: there is nothing to sign with as it is set.
    """
    match settings.marks.kind:
        case "none":
            return "images do not say what they are"
        case "c2pa":
            _, signer = _signing(settings.of(C2PASettings))
            return f"images say what they are, signed by {signer}"
        case _:
            return "images say what they are"


def _signing(c2pa: C2PASettings) -> tuple[Mark, str]:
    """The mark, and who signs and until when."""
    try:
        from darkroom.adapters.marks.certificates import name_of, read_algorithm, read_chain
        from darkroom.adapters.marks.credentials import ContentCredentials
    except ImportError as missing:
        raise BadSettings(
            f"DARKROOM_MARKS=c2pa needs more than is installed: {missing}; it comes by "
            ".venv/bin/python -m pip install --editable '.[c2pa]'"
        ) from missing
    with _read_from("DARKROOM_C2PA_CERTIFICATE"):
        leaf = read_chain(c2pa.certificate, now=now())[0]
    with _read_from("DARKROOM_C2PA_KEY"):
        algorithm = read_algorithm(c2pa.key.value, leaf)
        mark = ContentCredentials(chain=c2pa.certificate, key=c2pa.key.value, algorithm=algorithm)
    return mark, f"{name_of(leaf)} until {leaf.not_valid_after_utc:%Y-%m-%d}"


@contextmanager
def _read_from(name: str) -> Iterator[None]:
    try:
        yield
    except InvalidValue as rule:
        raise BadSettings(f"{name} {rule}") from rule
