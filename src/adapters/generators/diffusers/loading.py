"""Loads models from a folder or the hub onto their device."""

import diffusers
import torch
from diffusers.pipelines.deprecated import unclip

from darkroom.adapters.generators.declared_models import Sizes
from darkroom.adapters.generators.diffusers.model import Model
from darkroom.adapters.generators.diffusers.sources import ModelSource
from darkroom.domain.model.errors import InvalidValue

# Karlo's weights name a class that the library has moved to a module that it does not search. The first alias is for
# weights on the hub, the second for weights that newer versions of the library have saved.
diffusers.pipelines.unclip = unclip
diffusers.UnCLIPTextProjModel = unclip.UnCLIPTextProjModel


def load(source: ModelSource, sizes: Sizes | None, *, device: str, dtype: str) -> Model:
    """Load a model; the network is used only for sources on the hub.

    Raises:
        InvalidValue: it does not exist, or cannot be loaded.
    """
    # Otherwise the library logs the part of a prompt that a text encoder truncates.
    diffusers.logging.set_verbosity_error()
    try:
        where = _device(device)
        pipeline = _kind(source).from_pretrained(
            source.place, dtype=_dtype(dtype, where), local_files_only=source.local
        )
        pipeline.to(where)
        pipeline.set_progress_bar_config(disable=True)
        return Model(source.version, pipeline, sizes)
    except Exception as fault:  # unknown files may be wrong in any way
        raise InvalidValue(f"{source.version.value!r} cannot be loaded: {fault}") from fault


def _kind(source: ModelSource) -> type[diffusers.DiffusionPipeline]:
    config = diffusers.DiffusionPipeline.load_config(source.place, local_files_only=source.local)
    karlo = config["_class_name"] == diffusers.UnCLIPPipeline.__name__
    kind: type[diffusers.DiffusionPipeline] = diffusers.UnCLIPPipeline if karlo else diffusers.AutoPipelineForText2Image
    return kind


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def _dtype(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        # On a GPU, bfloat16 halves the memory and keeps the range of float32: nothing overflows to black.
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    dtype: torch.dtype = getattr(torch, name)
    return dtype
