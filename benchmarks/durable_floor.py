"""The durable floor: the least that a service must do to never lose an order, written by hand on bare aiohttp.

`python -m benchmarks.durable_floor PORT STAND_INS_URL SECRET FOLDER [CERTIFICATE]`. In addition to the bare floor, it
verifies the caller's token, records the order in five durable commits (received, submitted, the provider's receipt,
drawn, stored; each before the next step, shared by orders that wait at the same time), makes a new connection for the
paid call, flushes the image to the disk before the upload, signs the upload and the link, and writes a log line. It
does not validate orders, images or limits, and does not recover after a crash.
"""

import asyncio
import json
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import jwt
import uvloop
from aiohttp import web

from benchmarks.floor import trusting
from darkroom.adapters.storages.s3.signature import Signer

T = TypeVar("T")
_REGION: Final = "us-east-1"


@dataclass(slots=True)
class _Account:
    access_key: str = "benchmark"
    secret_key: str = "benchmark"  # noqa: S105  # it guards nothing
    token: str | None = None


class Batches(Generic[T]):
    """A thread that does waiting work in batches: all items that wait at the same time are done together."""

    def __init__(self, work: Callable[[Sequence[T]], None]) -> None:
        self._work, self._loop = work, asyncio.get_running_loop()
        self._waiting: SimpleQueue[tuple[T, asyncio.Future[None]]] = SimpleQueue()
        Thread(target=self._run, daemon=True).start()

    async def done(self, one: T) -> None:
        """Hand in an item, and wait until it is done."""
        future = self._loop.create_future()
        self._waiting.put((one, future))
        await future

    def _run(self) -> None:
        while True:
            batch = [self._waiting.get()]
            try:
                while True:
                    batch.append(self._waiting.get_nowait())
            except Empty:
                pass
            self._work([one for one, _ in batch])
            self._loop.call_soon_threadsafe(_let_go, [future for _, future in batch])


def _let_go(futures: Sequence[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


class Service:
    """The service, which has a single route."""

    def __init__(self, stand_ins: str, secret: str, folder: Path, certificate: str | None) -> None:
        self._stand_ins, self._secret, self._certificate = stand_ins, secret, certificate
        self._host = urlsplit(stand_ins).netloc
        self._spool_folder = folder / "spool"
        self._spool_folder.mkdir(parents=True)
        self._file = folder / "ledger.sqlite"
        self._database: sqlite3.Connection | None = None
        self._log = (folder / "log").open("w", encoding="utf-8", buffering=1)

    async def open(self, _: web.Application) -> AsyncIterator[None]:
        """Open connections and threads while the service runs."""
        tls = trusting(self._certificate)
        async with AsyncExitStack() as opened:
            paying = aiohttp.TCPConnector(ssl=tls, limit=0, force_close=True)
            free = aiohttp.TCPConnector(ssl=tls, limit=0)
            self._paying = await opened.enter_async_context(aiohttp.ClientSession(connector=paying))
            self._free = await opened.enter_async_context(aiohttp.ClientSession(connector=free))
            self._ledger = Batches(self._commit)
            self._spool = Batches(self._keep)
            yield

    async def draw(self, request: web.Request) -> web.Response:
        """Draw one image; each step is recorded before the next, so that nothing can be lost."""
        claims = jwt.decode(request.headers["Authorization"][7:], self._secret, ["HS256"], audience="darkroom")
        body, order = await request.read(), uuid4().hex
        await self._ledger.done(("INSERT INTO orders VALUES (?, ?, 'received', ?)", (order, claims["sub"], body)))
        await self._ledger.done(("UPDATE orders SET state = 'submitted' WHERE id = ?", (order,)))
        async with self._paying.post(f"{self._stand_ins}/v2/inference/karlo/t2i", data=body) as drawn:
            answer = await drawn.read()
        await self._ledger.done(("UPDATE orders SET state = 'answered', body = ? WHERE id = ?", (answer, order)))
        image = json.loads(answer)["images"][0]
        async with self._free.get(image["image"]) as fetched:
            data = await fetched.read()
        await self._spool.done((order, data))
        await self._ledger.done(("UPDATE orders SET state = 'drawn' WHERE id = ?", (order,)))
        path = f"/bucket/images/{order}.webp"
        signer = Signer(_Account(), _REGION, datetime.now(UTC))
        media_type = {"content-type": "image/webp"}
        headers = signer.headers("PUT", self._host, path, media_type, body=sha256(data).hexdigest())
        async with self._free.put(self._stand_ins + path, data=data, headers=headers) as kept:
            kept.raise_for_status()
        await self._ledger.done(("UPDATE orders SET state = 'stored' WHERE id = ?", (order,)))
        (self._spool_folder / order).unlink()
        link = f"{self._stand_ins}{path}?{signer.query(self._host, path, 3600)}"
        self._log.write(json.dumps({"time": str(datetime.now(UTC)), "order": order, "caller": claims["sub"]}) + "\n")
        return web.json_response([{"id": image["id"], "seed": image["seed"], "image": link}])

    def _commit(self, statements: Sequence[tuple[str, tuple[Any, ...]]]) -> None:
        if self._database is None:  # in the thread that uses it
            self._database = sqlite3.connect(self._file, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute("CREATE TABLE orders (id TEXT PRIMARY KEY, caller TEXT, state TEXT, body BLOB)")
        self._database.execute("BEGIN IMMEDIATE")
        for sql, values in statements:
            self._database.execute(sql, values)
        self._database.execute("COMMIT")

    def _keep(self, images: Sequence[tuple[str, bytes]]) -> None:
        for name, data in images:
            new = self._spool_folder / f"{name}.new"
            with new.open("wb", buffering=0) as file:
                file.write(data)
                os.fdatasync(file.fileno())
            new.rename(self._spool_folder / name)
        folder = os.open(self._spool_folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


async def _app(service: Service) -> web.Application:
    app = web.Application()
    app.router.add_post("/api/images", service.draw)
    app.cleanup_ctx.append(service.open)
    return app


if __name__ == "__main__":
    port, url, secret, folder, *certificates = sys.argv[1:]
    service = Service(url, secret, Path(folder), certificates[0] if certificates else None)
    web.run_app(
        _app(service), host="127.0.0.1", port=int(port), loop=uvloop.new_event_loop(), access_log=None, print=None
    )
