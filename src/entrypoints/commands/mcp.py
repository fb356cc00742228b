"""`darkroom mcp`: the door for agents over standard input and output, one message for each line."""

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from darkroom.entrypoints.commands.generate.client import Client, Json, Problem
from darkroom.entrypoints.commands.generate.services import declare_where, service
from darkroom.entrypoints.container.storages import image_files
from darkroom.entrypoints.http.mcp.messages import INTERNAL_ERROR
from darkroom.entrypoints.http.mcp.revisions import headers_for
from darkroom.entrypoints.http.mcp.tools import TOOLS
from darkroom.entrypoints.settings import Settings

Write = Callable[[bytes], None]

_PIECE: Final = 65_536  # bytes
_LOOK_FIRST: Final = "Look with list_generations before ordering again."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the service."""
    declare_where(parser)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Answer the messages on standard input until it ends or SIGTERM arrives; return the exit status."""
    asyncio.run(_serve(arguments, settings))
    return 0


async def _serve(arguments: argparse.Namespace, settings: Settings) -> None:
    folders = image_files(settings) if arguments.local else {}
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[bytes | None]()
    async with service(arguments, settings, previews=True) as client:
        relay = Relay(client, _print, folders)

        def stop() -> None:
            relay.give_up()
            lines.put_nowait(None)

        loop.add_signal_handler(signal.SIGTERM, stop)
        # Read in a daemon thread: standard input may be a file, which asyncio cannot wait for, and may never end.
        threading.Thread(target=_read, args=(loop, lines), daemon=True).start()
        while (line := await lines.get()) is not None:
            relay.take(line)
        await relay.finish()


def _read(loop: asyncio.AbstractEventLoop, lines: "asyncio.Queue[bytes | None]") -> None:
    # Not through `sys.stdin`: its lock would still be held when the interpreter exits.
    begun, number = b"", sys.stdin.fileno()
    with suppress(RuntimeError):  # the loop is closed, so nothing can be answered
        while piece := os.read(number, _PIECE):
            *whole, begun = (begun + piece).split(b"\n")
            for line in filter(bytes.strip, whole):
                loop.call_soon_threadsafe(lines.put_nowait, line)
        if begun.strip():
            loop.call_soon_threadsafe(lines.put_nowait, begun)
        loop.call_soon_threadsafe(lines.put_nowait, None)


def _print(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


class Relay:
    """Forwards messages to a service, and writes its answers."""

    def __init__(self, client: Client, write: Write, folders: Mapping[str, Path]) -> None:
        """Forward to `client`, and call `write` with each answer.

        `folders` are those of `image_files`: links that only this process can open are replaced by links to files.
        """
        self._client, self._write, self._folders = client, write, folders
        self._agreed: str | None = None
        self._asked: dict[asyncio.Task[None], int | str | None] = {}

    def take(self, line: bytes) -> None:
        """Start to forward a message; its answer is written once it is there."""
        message = _object(line)
        if message.get("method") == "notifications/cancelled":
            self._cancel(message.get("params"))
            return
        task = asyncio.create_task(self._answer(line, message))
        self._asked[task] = _id_of(message)
        task.add_done_callback(self._asked.pop)

    async def finish(self) -> None:
        """Wait until all messages are answered."""
        await asyncio.gather(*self._asked, return_exceptions=True)

    def give_up(self) -> None:
        """Cancel all answers; orders are still drawn."""
        for task in self._asked:
            task.cancel()

    def _cancel(self, params: object) -> None:
        """Cancel the answer to a request; its order is still drawn."""
        unwanted = _id_of({"id": params.get("requestId")}) if isinstance(params, dict) else None
        for task, asked in self._asked.items():
            if unwanted is not None and asked == unwanted:
                task.cancel()

    async def _answer(self, line: bytes, message: Json) -> None:
        try:
            answer = await self._client.hand_on(line, headers_for(message, self._agreed))
        except Problem as problem:
            told = _unanswered(message, problem)
        else:
            if answer.status_code == HTTPStatus.ACCEPTED:
                return
            told = _object(answer.content)
            if "jsonrpc" not in told:
                detail = told.get("detail", "it is not a Darkroom whose door for agents is open")
                told = _error(f"{answer.url.copy_with(query=None)} answered {answer.status_code}: {detail}")
        if "id" not in message and _object(line):
            return  # a notification has no answer, not even an error
        told["id"] = _id_of(message)
        if message.get("method") == "initialize" and "result" in told:
            self._agreed = told["result"]["protocolVersion"]
        self._write(self._with_files(told))

    def _with_files(self, told: Json) -> bytes:
        text = json.dumps(told)
        content = told.get("result", {}).get("content", ())
        for link in [item["uri"] for item in content if item["type"] == "resource_link"]:
            for begin, folder in self._folders.items():
                if link.startswith(begin):
                    text = text.replace(link, (folder / unquote(urlsplit(link.removeprefix(begin)).path)).as_uri())
        return text.encode()


def _object(line: bytes) -> Json:
    """Return the JSON object in a line; an empty one if it is not an object, which the door will report."""
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _id_of(message: Json) -> int | str | None:
    asked = message.get("id")
    return asked if isinstance(asked, int | str) else None


def _unanswered(message: Json, problem: Problem) -> Json:
    """Return the answer to a message if the service has not answered."""
    if message.get("method") != "tools/call":
        return _error(str(problem))
    charged = problem.members["charged"] if _may_spend(message) else "no"
    text = f"{problem}\ncharged: {charged}" + ("" if charged == "no" else f"\n{_LOOK_FIRST}")
    result = {"content": [{"type": "text", "text": text}], "isError": True, "resultType": "complete"}
    return {"jsonrpc": "2.0", "result": result}


def _may_spend(message: Json) -> bool:
    """Return whether a call may cost money; True for a tool that is not known here."""
    params = message.get("params")
    name = params.get("name") if isinstance(params, dict) else None
    return not (isinstance(name, str) and name in TOOLS and not TOOLS[name].spends)


def _error(text: str) -> Json:
    return {"jsonrpc": "2.0", "error": {"code": INTERNAL_ERROR, "message": text}}
