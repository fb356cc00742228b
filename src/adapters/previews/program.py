"""A program that reads an image from standard input and writes its preview to standard output, within resource limits.

Usage: `python -I program.py FORMAT SIDE LENGTH PIXELS MEMORY SECONDS`. It is a separate program since image decoders
are large C libraries with untrusted input. Before the first byte is decoded, it limits its own memory and CPU time, and
gives up the ability to open files and connections. Exit status: 0, EX_TEMPFAIL if it could not begin, anything else if
no preview can be made.
"""

import io
import os
import resource
import sys


def main() -> None:
    """Make one preview."""
    wanted, (side, length, pixels, memory, seconds) = sys.argv[1], map(int, sys.argv[2:])
    try:
        os.nice(10)
        for limit, most in (
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
        ):
            resource.setrlimit(limit, (most, most))
        from PIL import Image, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: PLC0415  # under the limits

        del JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # imported now, since nothing can be imported later
        Image.preinit()
    except Exception:  # noqa: BLE001  # whatever it is, it is not caused by the image
        sys.exit(os.EX_TEMPFAIL)
    data = sys.stdin.buffer.read()
    # From here on no file can be opened, and no process started except as root; open pipes stay open.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    with Image.open(io.BytesIO(data), formats=[wanted]) as image:
        if image.width * image.height > pixels:
            raise ValueError("too many pixels")
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        upright = ImageOps.exif_transpose(image)
    small = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    made = io.BytesIO()
    for quality, of_alpha in ((80, 100), (60, 60), (40, 40), (20, 20), (5, 5)):
        made.seek(0)
        made.truncate()
        small.save(made, "WEBP", quality=quality, alpha_quality=of_alpha)
        if made.tell() <= length:
            break
    sys.stdout.buffer.write(made.getvalue())
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
