"""Files as real encoders write them, each named by its special feature."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from PIL import Image, ImageCms, PngImagePlugin

from darkroom.domain.model.image_file import ImageFile, MediaType

SIZE: Final = (37, 23)  # odd, so that padding shows
THEIRS: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description r:about="uuid:7" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Studio &amp; Sons">'
    '<dc:rights xmlns:dc="http://purl.org/dc/elements/1.1/"><r:Alt><r:li xml:lang="x-default">© 화실</r:li></r:Alt>'
    "</dc:rights></r:Description></r:RDF></x:xmpmeta>   \n  <?xpacket end='w'?>"
).encode()


def _picture(mode: str) -> Image.Image:
    width, height = SIZE
    colours = Image.merge(
        "RGBA",
        [
            Image.linear_gradient("L").resize(SIZE),
            Image.radial_gradient("L").resize(SIZE),
            Image.effect_noise(SIZE, 60),
            Image.linear_gradient("L").rotate(90).resize((width, height)),
        ],
    )
    return colours.convert("P") if mode == "P" else colours.convert(mode)


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = "a description"
    exif[0x0112] = 6  # rotated
    return exif


def _file(form: str, mode: str = "RGB", **options: Any) -> Callable[[], bytes]:  # noqa: ANN401  # each encoder's own
    def encode() -> bytes:
        file = io.BytesIO()
        _picture(mode).save(file, form, **options)
        return file.getvalue()

    return encode


def _animated(form: str) -> Callable[[], bytes]:
    frames = [_picture("RGBA").rotate(turn) for turn in (30, 60)]
    return _file(form, "RGBA", save_all=True, append_images=frames, duration=[10, 20, 30])


def _with_text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a fox, Steps: 20")
    info.add_itxt("Title", "여우", zip=True)
    return info


def _with_xmp(*, compressed: bool) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", THEIRS.decode(), zip=compressed)
    return info


_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

VARIANTS: Final[Mapping[str, Callable[[], bytes]]] = {
    "png rgb": _file("PNG"),
    "png palette": _file("PNG", "P"),
    "png grey": _file("PNG", "L"),
    "png 16 bit": _file("PNG", "I;16"),
    "png alpha": _file("PNG", "RGBA"),
    "png with exif, profile and texts": _file("PNG", exif=_exif(), icc_profile=_PROFILE, pnginfo=_with_text()),
    "png with xmp": _file("PNG", pnginfo=_with_xmp(compressed=False)),
    "png with xmp, compressed": _file("PNG", pnginfo=_with_xmp(compressed=True)),
    "png animated": _animated("PNG"),
    "jpeg baseline": _file("JPEG"),
    "jpeg progressive": _file("JPEG", progressive=True),
    "jpeg grey": _file("JPEG", "L"),
    "jpeg cmyk": _file("JPEG", "CMYK"),
    "jpeg optimised, restarts": _file("JPEG", optimize=True, restart_marker_rows=1, subsampling=0),
    "jpeg with exif and profile": _file("JPEG", exif=_exif(), icc_profile=_PROFILE, comment=b"hello"),
    "jpeg with xmp": _file("JPEG", xmp=THEIRS, exif=_exif()),
    "webp lossy": _file("WEBP"),
    "webp lossless": _file("WEBP", lossless=True),
    "webp lossy alpha": _file("WEBP", "RGBA"),
    "webp lossless alpha": _file("WEBP", "RGBA", lossless=True),
    "webp with exif and profile": _file("WEBP", exif=_exif(), icc_profile=_PROFILE),
    "webp with xmp": _file("WEBP", xmp=THEIRS),
    "webp animated": _animated("WEBP"),
}


def media_type(data: bytes) -> MediaType:
    return ImageFile.inspect(data).media_type


def pixels(data: bytes) -> Sequence[object]:
    """Every frame as Pillow decodes it: its mode, size, pixels and colours."""
    frames = []
    with Image.open(io.BytesIO(data)) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append((image.mode, image.size, image.tobytes(), image.getpalette()))
    return frames


def metadata(data: bytes) -> Mapping[object, object]:
    """All other metadata that Pillow finds in a file, except its XMP."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return {name: value for name, value in image.info.items() if "xmp" not in str(name).lower()}
