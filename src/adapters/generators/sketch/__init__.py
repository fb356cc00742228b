"""The embedded default: a generator without a model, a key or a network."""

from darkroom.adapters.generators.sketch.generator import SketchImageGenerator

__all__ = ["SketchImageGenerator"]
