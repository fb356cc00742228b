"""A light provider and S3 server: nginx, with its files in memory."""

import os
import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.certificate import write_certificate
from servers.parts import PartMissing
from servers.ports import LOOPBACK, free_port
from servers.process import Process, ProgramFailed

IMAGE_BYTES: Final = 200_000
SIDE: Final = 1024
"""Width and height of the image, in pixels: what an order must ask for."""

_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # in memory, to leave the disk to the measured system
_START: Final = 10.0  # seconds
_REST: Final = 0.3  # seconds between two looks for new images


@dataclass(frozen=True, slots=True)
class StandIns:
    """The running stand-ins, at one URL; `certificate` is the file of their certificate, None without TLS."""

    url: str
    bucket: Path
    process: Process
    certificate: Path | None = None

    @property
    def trusted(self) -> list[str]:
        """The certificate as the last argument of a program; empty without TLS."""
        return [str(self.certificate)] if self.certificate else []

    def empty_the_bucket(self) -> int:
        """Wait until no more images arrive, remove all images, and return their number.

        Raises:
            ProgramFailed: one of them is shorter than the provider's image.
        """
        stored: list[Path] = []
        while len(stored) < len(stored := list(self.bucket.rglob("*.webp"))):
            sleep(_REST)
        if any(file.stat().st_size < IMAGE_BYTES for file in stored):
            raise ProgramFailed("what was stored is not what was drawn")
        for file in stored:
            file.unlink()
        return len(stored)


@contextmanager
def stand_ins(*, tls: bool = False) -> Iterator[StandIns]:
    """Yield the running stand-ins; with `tls` they are reached by TLS 1.3.

    Raises:
        PartMissing: nginx is not installed.
    """
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx is None:
        raise PartMissing("nginx", "stands in for the provider and S3: `make bench-parts` installs it")
    place = _MEMORY if _MEMORY.is_dir() else None
    with TemporaryDirectory(prefix="darkroom-bench-", dir=place) as name:
        folder, port, secure = Path(name), free_port(), free_port()
        bucket = folder / "bucket"
        bucket.mkdir()
        (folder / "drawn.webp").write_bytes(image(IMAGE_BYTES))
        write_certificate(folder / "certificate.pem", folder / "key.pem")
        template = Template(Path(__file__).with_name("nginx.conf").read_text(encoding="utf-8"))
        (folder / "nginx.conf").write_text(
            template.substitute(folder=folder, port=port, secure=secure), encoding="utf-8"
        )
        with Process([nginx, "-p", folder, "-c", folder / "nginx.conf"]) as process:
            url = f"http://{LOOPBACK}:{port}"
            _wait_for(f"{url}/drawn.webp", process)
            if tls:
                yield StandIns(f"https://{LOOPBACK}:{secure}", bucket, process, folder / "certificate.pem")
            else:
                yield StandIns(url, bucket, process)


def image(length: int) -> bytes:
    """Return a WebP file of `length` bytes: the header of a lossless image (RFC 9649, 3), and noise for its pixels."""
    size = struct.pack("<I", (SIDE - 1) | (SIDE - 1) << 14)
    pixels = os.urandom(length - 25)
    chunk = b"VP8L" + struct.pack("<I", len(pixels) + 5) + b"\x2f" + size + pixels
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def _wait_for(url: str, process: Process) -> None:
    deadline = monotonic() + _START
    while True:
        try:
            with urlopen(url, timeout=1):  # noqa: S310  # our own address
                return
        except URLError as error:
            if monotonic() > deadline or not process.running:
                raise ProgramFailed(f"nginx does not answer: {process.stderr}") from error
            sleep(0.02)
