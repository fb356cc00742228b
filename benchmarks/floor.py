"""The bare floor: the same three calls on bare aiohttp, without checks, signatures, records or logs.

`python -m benchmarks.floor PORT STAND_INS_URL [CERTIFICATE]`. No service that makes these calls in Python is faster.
"""

import ssl
import sys
from collections.abc import AsyncIterator
from typing import Final
from uuid import uuid4

import aiohttp
import uvloop
from aiohttp import web

_CLIENT: Final = web.AppKey("client", aiohttp.ClientSession)
_STAND_INS: Final = web.AppKey("stand_ins", str)
_CERTIFICATE: Final = web.AppKey[str | None]("certificate")


async def draw(request: web.Request) -> web.Response:
    """Order an image, fetch it, upload it, and answer with its link."""
    client, stand_ins = request.app[_CLIENT], request.app[_STAND_INS]
    async with client.post(f"{stand_ins}/v2/inference/karlo/t2i", data=await request.read()) as drawn:
        image = (await drawn.json())["images"][0]
    async with client.get(image["image"]) as fetched:
        data = await fetched.read()
    link = f"{stand_ins}/bucket/images/{uuid4()}.webp"
    async with client.put(link, data=data) as kept:
        kept.raise_for_status()
    return web.json_response([{"id": image["id"], "seed": image["seed"], "image": link}])


def trusting(certificate: str | None) -> ssl.SSLContext | bool:
    """Return a TLS context that trusts the certificate in a file; True, aiohttp's default, if there is none."""
    return ssl.create_default_context(cafile=certificate) if certificate else True


async def _client(app: web.Application) -> AsyncIterator[None]:
    connector = aiohttp.TCPConnector(limit=0, ssl=trusting(app[_CERTIFICATE]))
    async with aiohttp.ClientSession(connector=connector) as client:
        app[_CLIENT] = client
        yield


async def _app(stand_ins: str, certificate: str | None) -> web.Application:
    app = web.Application()
    app[_STAND_INS], app[_CERTIFICATE] = stand_ins, certificate
    app.router.add_post("/api/images", draw)
    app.cleanup_ctx.append(_client)
    return app


if __name__ == "__main__":
    port, url, *certificates = sys.argv[1:]
    app = _app(url, certificates[0] if certificates else None)
    web.run_app(app, host="127.0.0.1", port=int(port), loop=uvloop.new_event_loop(), access_log=None, print=None)
