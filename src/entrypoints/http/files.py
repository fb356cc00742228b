"""Images of a storage that has no web server of its own, read through links that this service signs."""

from pathlib import Path
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from darkroom.domain.model.errors import Overloaded, StorageFault
from darkroom.entrypoints.http.auth.authentication import OPEN_TO_ALL
from darkroom.entrypoints.http.services import Services
from darkroom.entrypoints.http.signed_files import FILES, SignedFiles

# An image is looked at where it is linked, and whatever its bytes pretend to be, it runs nothing.
_CAREFUL: Final = {"Content-Disposition": "inline", "Content-Security-Policy": "default-src 'none'; sandbox"}


def signed_file_route(files: SignedFiles) -> HTTPRouteHandler:
    """The route under which the storage's signed links open, without a token."""

    @get(FILES + "/{key:path}", opt=OPEN_TO_ALL)
    async def signed_file(
        services: NamedDependency[Services],
        key: FromPath[Path],
        expires: FromQuery[str] = "",
        signature: FromQuery[str] = "",
    ) -> Response[bytes]:
        """Hand out the image behind a signed link."""
        try:
            image, media_type = await files.open(key.as_posix()[1:], expires=expires, signature=signature)
        except StorageFault as fault:
            raise Overloaded("the image cannot be read just now") from fault
        seconds = max(0, int(expires) - int(services.clock().timestamp()))
        return Response(
            image, media_type=media_type, headers=_CAREFUL | {"Cache-Control": f"private, max-age={seconds}"}
        )

    return signed_file
