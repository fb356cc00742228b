"""Loading: from a folder or the hub to a model on its device."""

import diffusers
import torch
from diffusers.pipelines.deprecated import unclip

from darkroom.adapters.generators.declared_models import Sizes
from darkroom.adapters.generators.diffusers.model import Model
from darkroom.adapters.generators.diffusers.sources import ModelSource
from darkroom.domain.model.errors import InvalidValue

# Where Karlo's weights name a part of their own, which the library has retired to a place that it does not search:
# as those on the hub name it, and as those that the library itself saved since.
diffusers.pipelines.unclip = unclip
diffusers.UnCLIPTextProjModel = unclip.UnCLIPTextProjModel


def load(source: ModelSource, sizes: Sizes | None, *, device: str, dtype: str) -> Model:
    """Load a model. The network is asked for what the hub is named for, and for nothing else.

    Raises:
        InvalidValue: it is not there, or cannot be loaded.
    """
    # A text encoder that reads less than another would have what it left of a prompt written to the log.
    diffusers.logging.set_verbosity_error()
    try:
        where = _device(device)
        pipeline = _kind(source).from_pretrained(
            source.place, dtype=_dtype(dtype, where), local_files_only=source.local
        )
        pipeline.to(where)
        pipeline.set_progress_bar_config(disable=True)
        return Model(source.version, pipeline, sizes)
    except Exception as fault:  # files that we know nothing of may be wrong in any way
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
        # Half the memory where it is dear, with the range of float32: nothing overflows into black.
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    dtype: torch.dtype = getattr(torch, name)
    return dtype
