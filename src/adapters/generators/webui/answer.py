"""Reads an answer: the image that was ordered, and the seed reported in `info`."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from darkroom.adapters.generators.png_text import seeds_in_text
from darkroom.adapters.generators.seeds import reported_by, reported_in, seed_that_drew
from darkroom.adapters.generators.webui.errors import webui_failure
from darkroom.adapters.generators.webui.models import WebUIModel
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.images import drawn_image, enclosed_or_linked
from darkroom.adapters.outbound_http.linked_image import LinkedImage
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.ports import Receipt

log = logging.getLogger(__name__)


def read_answer(answer: Answer, request: GenerationRequest, model: WebUIModel) -> Receipt:
    """Return the receipt for the image in an answer.

    Raises:
        DrawingFailed: there is no usable image; the subclass gives the reason, `charged` whether money was spent.
    """
    if not answer.is_success:
        raise webui_failure(answer)
    document = answer.document()
    images = document.get("images")
    # Images of extensions follow the ordered one.
    image = enclosed_or_linked(images[0], index=0) if isinstance(images, list) and images else None
    if image is None:
        raise UnusableImage("the server's answer holds no image", evidence=answer.body)
    info = _info(document.get("info"))
    if model.checkpoint is not None:
        _look_at_model(info, model.checkpoint)
    reported = [*reported_in(info), *reported_by(answer.headers)]
    if not reported and isinstance(image, bytes):
        reported = list(seeds_in_text(image))  # the only place where stable-diffusion.cpp reports it
    seed = seed_that_drew(reported, request.seeds[0], only_reported=model.card.seed_told)
    if isinstance(image, str):
        return Receipt(LinkedImage.of(image, seed).encode())
    return Receipt(images=(drawn_image(request, index=0, seed=seed, data=image, image_id=None),))


def _info(text: object) -> Mapping[str, Any]:
    """Decode `info`, which is JSON within JSON; return it empty if it is anything else."""
    try:
        info = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        info = None
    return info if isinstance(info, dict) else {}


def _look_at_model(info: Mapping[str, Any], checkpoint: str) -> None:
    """Log a warning if `info` names another checkpoint.

    Any of the server's names for a checkpoint contains its file's name without folder and suffix, or its short hash.
    """
    names = [name for key in ("sd_model_name", "sd_model_hash") if isinstance(name := info.get(key), str)]
    if names and not any(name in checkpoint for name in names):
        log.warning("the server drew with a checkpoint other than %s, which it may not have", checkpoint)
