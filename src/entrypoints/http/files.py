"""Serves images through links that this service signs, for a storage without a web server of its own."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from darkroom.domain.model.errors import NotFound, Overloaded, StorageFault
from darkroom.domain.model.file_name import FileName
from darkroom.entrypoints.http.auth.authentication import OPEN_TO_ALL
from darkroom.entrypoints.http.problems import AnyRequest
from darkroom.entrypoints.http.services import Services
from darkroom.entrypoints.http.signed_files import FILES, SignedFiles

# The query of a signed link, as it is made; without a query no image is found.
_SAID: Final = re.compile(rb"(?:expires=([0-9]+)&signature=([A-Za-z0-9_-]+)(?:&name=([A-Za-z0-9%._~-]+))?)?")
# Browsers show the image in place, and run nothing, even if the bytes are not an image.
_CAREFUL: Final = {"Content-Disposition": "inline", "Content-Security-Policy": "default-src 'none'; sandbox"}


def signed_file_route(files: SignedFiles) -> HTTPRouteHandler:
    """Return the route that serves signed links; it needs no token."""

    @get(FILES + "/{key:path}", opt=OPEN_TO_ALL)
    async def signed_file(
        request: AnyRequest, services: NamedDependency[Services], key: FromPath[Path]
    ) -> Response[bytes]:
        """Return the image behind a signed link; the link must be written exactly as it was made."""
        name = key.as_posix()[1:]
        said = _SAID.fullmatch(request.scope["query_string"])
        if said is None or request.scope["raw_path"] != f"{FILES}/{quote(name)}".encode():
            raise NotFound("this is not a link to an image")
        expires, signature, quoted = ((part or b"").decode("ascii") for part in said.groups())
        stem = unquote(quoted)
        if quoted != quote(stem, safe=""):
            raise NotFound("this is not a link to an image")
        try:
            image, media_type = await files.open(name, expires=expires, signature=signature, name=stem)
        except StorageFault as fault:
            raise Overloaded("the image cannot be read now") from fault
        seconds = max(0, int(expires) - int(services.clock().timestamp()))
        headers = _CAREFUL | {"Cache-Control": f"private, max-age={seconds}, immutable"}
        if stem:
            headers["Content-Disposition"] = FileName(stem, media_type).disposition
        return Response(image, media_type=media_type, headers=headers)

    return signed_file
