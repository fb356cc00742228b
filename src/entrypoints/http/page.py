"""`GET /` and `/page/…`: the web page and its files. They are the same for everyone, and need no token."""

import hashlib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from darkroom.domain.model.errors import NotFound, StorageFault
from darkroom.domain.ports import ImageStorage
from darkroom.entrypoints.http.auth.authentication import OPEN_TO_ALL
from darkroom.entrypoints.http.headers import values_of
from darkroom.entrypoints.http.models import is_known
from darkroom.entrypoints.http.problems import AnyRequest
from darkroom.entrypoints.http.public_path import public
from darkroom.entrypoints.http.services import Services

_MEDIA_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_FOLDER: Final = Path(__file__).parents[1] / "web"
_FILES: Final[Mapping[str, bytes]] = {
    path.relative_to(_FOLDER).as_posix(): path.read_bytes() for path in _FOLDER.rglob("*") if path.is_file()
}


@get("/", opt=OPEN_TO_ALL)
async def page(request: AnyRequest, services: NamedDependency[Services]) -> Response[bytes | None]:
    """Show the page."""
    # Under a public path, links are relative to it, whether or not the requested address ends in a slash.
    base, sign_in, head = public("/"), services.sign_in, "<head>"
    if base != "/":
        head += f'\n<base href="{base}">'
    if sign_in:
        head += f'\n<meta name="sign-in" content="{escape(msgspec.json.encode(sign_in).decode())}">'
    content = _FILES["index.html"].replace(b"<head>", head.encode())
    policy = _policy(
        images=await _images_from(services.storage),
        issuer=sign_in.origin if sign_in else "",
        base="'none'" if base == "/" else "'self'",
    )
    return _file(request, content, ".html", policy)


@get("/page/{name:path}", opt=OPEN_TO_ALL, sync_to_thread=False)
def page_file(request: AnyRequest, name: FromPath[Path]) -> Response[bytes | None]:
    """Serve a file of the page."""
    relative = name.as_posix()[1:]
    if relative not in _FILES:
        raise NotFound("the page has no such file")
    return _file(request, _FILES[relative], Path(relative).suffix, "default-src 'none'")


def _file(request: AnyRequest, content: bytes, kind: str, policy: str) -> Response[bytes | None]:
    # A browser caches the policy with the content, so the tag covers both.
    tag = f'"{hashlib.sha256(content + policy.encode()).hexdigest()[:32]}"'
    headers = {
        "Cache-Control": "no-cache",
        "ETag": tag,
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
    }
    if is_known(tag, values_of(request.scope["headers"], b"if-none-match")):
        return Response(None, status_code=304, headers=headers)
    return Response(content, media_type=_MEDIA_TYPES[kind], headers=headers)


def _policy(*, images: str, issuer: str, base: str) -> str:
    """Return the content security policy of the page (CSP 3).

    It may run its own scripts, show images from the origin `images`, and call its own service and the origin `issuer`;
    an empty string stands for none.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"connect-src 'self' {issuer}".rstrip(),
            f"img-src 'self' {images}".rstrip(),
            f"base-uri {base}",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


async def _images_from(storage: ImageStorage) -> str:
    """Return the origin of links to images, taken from a link that the storage makes; empty if it is our own."""
    try:
        link = urlsplit(await storage.link("any"))
    except StorageFault:
        return ""  # no image can be linked now anyway
    return f"{link.scheme}://{link.netloc}" if link.netloc else ""
