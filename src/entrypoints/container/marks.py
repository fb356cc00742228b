"""The marks that images get, by name. What is not chosen is not imported: signing brings a large library."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from darkroom.adapters.marks.files import Mark, stated_in_xmp
from darkroom.adapters.marks.generator import MarkingImageGenerator
from darkroom.adapters.marks.inspection import Inspection, inspect
from darkroom.adapters.marks.manifests import Credentials
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.ports import ImageGenerator
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.settings import BadSettings, C2PASettings, Settings

__all__ = ["Credentials", "Inspection", "inspect", "marking", "told_of_marks"]


def marking(settings: Settings, generators: Sequence[ImageGenerator]) -> Sequence[ImageGenerator]:
    """The same generators, with the marks on their images that the settings ask for.

    Raises:
        BadSettings: there is nothing to sign with as it is set.
    """
    match settings.marks.kind:
        case "none":
            return generators
        case "c2pa":
            mark, takes_time = _signing(settings.of(C2PASettings))[0], True
        case _:
            mark, takes_time = stated_in_xmp, False
    return [
        MarkingImageGenerator(generator, mark, prompts=settings.marks.prompts, takes_time=takes_time)
        for generator in generators
    ]


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
