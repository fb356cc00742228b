"""`GET /problems/{slug}`: what a problem type means; the `type` of each problem links here."""

from typing import Final

from litestar import MediaType, Response, get
from litestar.params import FromPath

from darkroom.domain.model.errors import NotFound
from darkroom.entrypoints.http.auth.authentication import OPEN_TO_ALL
from darkroom.entrypoints.http.contract.reference.markup import prose, text
from darkroom.entrypoints.http.problem_types import PROBLEM_TYPES

_BY_SLUG: Final = {kind.slug: kind for kind in PROBLEM_TYPES.values()}
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
<p>{meaning}</p>
<p><small>Problem type <code>{slug}</code>, answered with status {status}.</small></p>
</html>
"""


@get("/problems/{slug:str}", opt=OPEN_TO_ALL, sync_to_thread=False)
def problem_page(slug: FromPath[str]) -> Response[str]:
    """Explain a problem type.

    Raises:
        NotFound: there is no such type.
    """
    kind = _BY_SLUG.get(slug)
    if kind is None:
        raise NotFound("there is no such problem type")
    page = _PAGE.format(title=text(kind.title), meaning=prose(kind.meaning), slug=kind.slug, status=int(kind.status))
    return Response(page, media_type=MediaType.HTML, headers={"Content-Security-Policy": "default-src 'none'"})
