"""Small copies of images, made by Pillow in a process of its own: the extra `previews`."""

from darkroom.adapters.previews.maker import PillowPreviewMaker

__all__ = ["PillowPreviewMaker"]
