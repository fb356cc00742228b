"""Previews of images, made by Pillow in a separate process. Needs the extra `previews`."""

from darkroom.adapters.previews.maker import PillowPreviewMaker

__all__ = ["PillowPreviewMaker"]
