"""The marks that images get, by name. Only what is in use is imported: signing needs a large library."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from darkroom.adapters.marks.files import Mark, stated_in_xmp
from darkroom.adapters.marks.generator import MarkingImageGenerator
from darkroom.adapters.marks.inspection import Inspection, inspect
from darkroom.adapters.marks.manifests import Credentials
from darkroom.adapters.marks.statement import Statement
from darkroom.domain.model.generation import Generation, StoredImage
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.ports import ImageGenerator
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.opening import read_from
from darkroom.entrypoints.settings import BadSettings, C2PASettings, Settings

__all__ = ["Credentials", "Inspection", "Marks", "inspect", "read_marks"]

MarkPreview = Callable[[bytes, StoredImage, Generation, ModelCard], bytes]
"""Returns the preview of a stored image, in WebP, with a mark in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The marks that images get here.

    `mark` puts one into a file; None if images get none. `prompts`: marks contain the prompts. `takes_time`: making a
    mark is slow, as signing is. `told` is a sentence for the operator about the marks.
    """

    mark: Mark | None
    prompts: bool = False
    takes_time: bool = False
    told: str

    def on_images_of(self, generators: Sequence[ImageGenerator]) -> Sequence[ImageGenerator]:
        """Return the generators, wrapped so that their images are marked; unchanged if images get no marks."""
        mark = self.mark
        if mark is None:
            return generators
        return [
            MarkingImageGenerator(generator, mark, prompts=self.prompts, takes_time=self.takes_time)
            for generator in generators
        ]

    @property
    def marked_preview(self) -> MarkPreview | None:
        """A function that gives a preview the mark of its image; None if images get no marks."""
        mark = self.mark
        if mark is None:
            return None

        def marked(data: bytes, image: StoredImage, generation: Generation, card: ModelCard) -> bytes:
            prompt = self.prompts and generation.prompts_kept
            return mark(data, MediaType.WEBP, Statement.of(card, generation.request, image.seed, prompt=prompt))

        return marked


def read_marks(settings: Settings) -> Marks:
    """Return the marks that the settings ask for.

    Raises:
        BadSettings: the certificate or the key for signing cannot be used, or a package is not installed.
    """
    prompts = settings.marks.prompts
    match settings.marks.kind:
        case "none":
            return Marks(mark=None, told="images are not marked")
        case "c2pa":
            mark, signer = _signing(settings.of(C2PASettings))
            told = f"images are marked and signed by {signer}"
            return Marks(mark=mark, prompts=prompts, takes_time=True, told=told)
        case _:
            return Marks(mark=stated_in_xmp, prompts=prompts, told="images are marked")


def _signing(c2pa: C2PASettings) -> tuple[Mark, str]:
    """Return the mark that signs, and a text with the signer's name and the last day of its certificate."""
    try:
        from darkroom.adapters.marks.certificates import name_of, read_algorithm, read_chain
        from darkroom.adapters.marks.credentials import ContentCredentials
    except ImportError as missing:
        raise BadSettings(
            f"DARKROOM_MARKS=c2pa needs a package that is not installed: {missing}; install it with "
            ".venv/bin/python -m pip install --editable '.[c2pa]'"
        ) from missing
    with read_from("DARKROOM_C2PA_CERTIFICATE", joined=" "):
        leaf = read_chain(c2pa.certificate, now=now())[0]
    with read_from("DARKROOM_C2PA_KEY", joined=" "):
        algorithm = read_algorithm(c2pa.key.value, leaf)
        mark = ContentCredentials(chain=c2pa.certificate, key=c2pa.key.value, algorithm=algorithm)
    return mark, f"{name_of(leaf)} until {leaf.not_valid_after_utc:%Y-%m-%d}"
