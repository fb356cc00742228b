"""An S3 server with the peculiarities of servers other than Amazon's, as tests set them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import quote
from xml.sax.saxutils import escape

from aiohttp import web

LOOPBACK = "127.0.0.1"
BUCKET = "darkroom"


@dataclass
class S3StandIn:
    """Keeps the objects of one bucket in memory. It checks the signed hash of bodies, but accepts any signature.

    Attributes:
        conditions: How `If-None-Match` is treated: honoured, silently ignored, or answered with 501.
        checksums: How `x-amz-checksum-sha256` is treated: honoured, or answered with a 400 that names it, or with 501.
        deletes: Whether objects may be deleted.
        missing_is_told: Whether deleting a missing object is answered with 404.
        region: The region for which requests must be signed; others are redirected, as S3 does. None accepts any.
        by_host: Accepts the bucket's name only in the host.
        elsewhere: An origin to which all requests are redirected by 307.
        error: A status, a code and optionally a message with which all requests are answered.
        objects: The stored bytes and media types, by key.
        requests: The received requests.
    """

    conditions: Literal["hold", "ignored", "501"] = "hold"
    checksums: Literal["hold", "400", "501"] = "hold"
    deletes: bool = True
    missing_is_told: bool = False
    region: str | None = None
    by_host: bool = False
    elsewhere: str | None = None
    error: tuple[int, str] | tuple[int, str, str] | None = None
    objects: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    requests: list[web.Request] = field(default_factory=list)
    port: int = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def asked(self, method: str) -> list[web.Request]:
        """Return the received requests with a method."""
        return [request for request in self.requests if request.method == method]

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append(request)
        return self._sent_away(request) or self._refusal(request, body) or self._done(request, body)

    def _sent_away(self, request: web.Request) -> web.Response | None:
        if self.elsewhere:
            return web.Response(status=307, headers={"Location": self.elsewhere + request.raw_path})
        if self.by_host and request.host.partition(".")[0] != BUCKET:
            return error(403, "SecondLevelDomainForbidden", "Please use virtual hosted style to access.")
        signed = request.headers.get("Authorization", "")
        if self.region and signed and f"/{self.region}/s3/aws4_request" not in signed:
            answer = error(301, "PermanentRedirect")
            answer.headers["x-amz-bucket-region"] = self.region
            return answer
        return None

    def _refusal(self, request: web.Request, body: bytes) -> web.Response | None:
        if self.error:
            return error(*self.error)
        if self.conditions == "501" and "If-None-Match" in request.headers:
            return error(501, "NotImplemented", "A header you provided implies functionality that is not implemented.")
        if self.checksums != "hold" and "x-amz-checksum-sha256" in request.headers:
            named = "Unsupported header 'x-amz-checksum-sha256' received for this API call."
            return error(501, "NotImplemented") if self.checksums == "501" else error(400, "InvalidRequest", named)
        signed = "Authorization" in request.headers
        if signed and request.headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
            return error(400, "XAmzContentSHA256Mismatch")
        return None

    def _done(self, request: web.Request, body: bytes) -> web.Response:
        key = request.path.removeprefix("/") if self.by_host else request.path.removeprefix(f"/{BUCKET}").lstrip("/")
        if not key:
            return self._listed(request.query)
        methods: dict[str, Callable[[], web.Response]] = {
            "PUT": lambda: self._put(key, body, request.headers),
            "GET": lambda: self._got(key),
            "HEAD": lambda: self._got(key),
            "DELETE": lambda: self._deleted(key),
        }
        return methods[request.method]()

    def _put(self, key: str, body: bytes, headers: Mapping[str, str]) -> web.Response:
        if self.conditions == "hold" and headers.get("If-None-Match") and key in self.objects:
            return error(412, "PreconditionFailed")
        self.objects[key] = (body, headers["Content-Type"])
        return web.Response(headers={"ETag": f'"{hashlib.md5(body).hexdigest()}"'})  # noqa: S324  # as S3 has it

    def _got(self, key: str) -> web.Response:
        if key not in self.objects:
            return error(404, "NoSuchKey")
        body, media_type = self.objects[key]
        return web.Response(body=body, headers={"Content-Type": media_type})

    def _deleted(self, key: str) -> web.Response:
        if not self.deletes:
            return error(403, "AccessDenied")
        if self.objects.pop(key, None) is None and self.missing_is_told:
            return error(404, "NoSuchKey")
        return web.Response(status=204)

    def _listed(self, query: Mapping[str, str]) -> web.Response:
        keys = sorted(key for key in self.objects if key.startswith(query["prefix"]))
        found = "".join(f"<Contents><Key>{escape(quote(key))}</Key></Contents>" for key in keys)
        return web.Response(
            text="<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
            f"{found}</ListBucketResult>",
            content_type="application/xml",
        )


def error(status: int, code: str, message: str = "It failed.") -> web.Response:
    """Return an error document in S3's format."""
    return web.Response(
        status=status,
        text=f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>",
        content_type="application/xml",
    )
