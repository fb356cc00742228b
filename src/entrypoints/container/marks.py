"""The marks that images get, by name. What is not chosen is not imported: signing brings a large library."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from adapters.marks.files import Mark, stated_in_xmp
from adapters.marks.generator import MarkingImageGenerator
from domain.errors import InvalidValue
from domain.ports import ImageGenerator
from entrypoints.container.clock import now
from entrypoints.settings import BadSettings, C2PASettings, Settings


def marking(settings: Settings, generators: Sequence[ImageGenerator]) -> Sequence[ImageGenerator]:
    """The same generators, with the marks on their images that the settings ask for.

    Raises:
        BadSettings: there is nothing to sign with as it is set.
    """
    match settings.marks.kind:
        case "none":
            return generators
        case "c2pa":
            mark: Mark = _signing(settings.of(C2PASettings))
        case _:
            mark = stated_in_xmp
    return [MarkingImageGenerator(generator, mark, prompts=settings.marks.prompts) for generator in generators]


def _signing(c2pa: C2PASettings) -> Mark:
    try:
        from adapters.marks.certificates import read_algorithm, read_chain
        from adapters.marks.credentials import ContentCredentials
    except ImportError as missing:
        raise BadSettings(f"DARKROOM_MARKS=c2pa needs the extra darkroom[c2pa]: {missing}") from missing
    with _read_from("DARKROOM_C2PA_CERTIFICATE"):
        leaf = read_chain(c2pa.certificate, now=now())[0]
    with _read_from("DARKROOM_C2PA_KEY"):
        algorithm = read_algorithm(c2pa.key.value, leaf)
        return ContentCredentials(chain=c2pa.certificate, key=c2pa.key.value, algorithm=algorithm)


@contextmanager
def _read_from(name: str) -> Iterator[None]:
    try:
        yield
    except InvalidValue as rule:
        raise BadSettings(f"{name} {rule}") from rule
