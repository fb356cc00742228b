"""Previews: small copies of images, if they are wanted and Pillow is installed."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Final

from darkroom.domain.model.generation import Generation, StoredImage
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.ports import PreviewMaker, PreviewsUnavailable
from darkroom.entrypoints.container.marks import MarkPreview, Marks
from darkroom.entrypoints.settings import BadSettings, Settings

_EXTRA: Final = ".venv/bin/python -m pip install --editable '.[previews]'"


def preview_maker(settings: Settings, cards: Mapping[str, ModelCard], marks: Marks) -> PreviewMaker | None:
    """Return the maker of previews, which have the marks of their images; None if no previews are made.

    Raises:
        BadSettings: previews are required, and Pillow is not installed.
    """
    if not _are_made(settings):
        return None
    from darkroom.adapters.previews import PillowPreviewMaker

    return PillowPreviewMaker(_marked(marks.marked_preview, cards))


def told_of_previews(settings: Settings) -> str:
    """Return a sentence that says whether images get previews.

    Raises:
        BadSettings: as for `preview_maker`.
    """
    if _are_made(settings):
        return "images get a preview"
    wanted = settings.storage.previews == "auto"
    return f"images have no previews; install them with {_EXTRA}" if wanted else "images have no previews, as it is set"


def _are_made(settings: Settings) -> bool:
    wanted, installed = settings.storage.previews, find_spec("PIL") is not None
    if wanted == "true" and not installed:
        raise BadSettings(f"DARKROOM_PREVIEWS=true needs Pillow, which is not installed: {_EXTRA}")
    return wanted == "true" or (wanted == "auto" and installed)


def _marked(
    marked: MarkPreview | None, cards: Mapping[str, ModelCard]
) -> Callable[[bytes, StoredImage, Generation], bytes]:
    def of_preview(data: bytes, image: StoredImage, generation: Generation) -> bytes:
        if marked is None:
            return data
        card = cards.get(generation.model.value)
        if card is None:
            raise PreviewsUnavailable(f"{generation.model.value} is not offered, so its mark is not known")
        return marked(data, image, generation, card)

    return of_preview
