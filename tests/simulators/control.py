"""Controls a simulator over HTTP: switches faults, and reports charges."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from aiohttp import web

from simulators.charges import ChargeBook
from simulators.faults.switchboard import NoSuchFault, Switchboard


def control_routes(faults: Switchboard, book: ChargeBook, reset: Callable[[], None]) -> list[web.RouteDef]:
    """Return the routes under `/_control/`.

    - `GET menu`: every fault, with its stage, a sentence and its options.
    - `GET faults`: the faults that are on. `PUT faults` with `{"name": ..., option: ...}` switches one on, `DELETE
      faults` switches all off. 400 for a fault that is not in the menu.
    - `GET charges`: `charged_images`, `charged_calls`, `received_calls`, and the `calls` and `fetches` themselves.
    - `POST reset`: the state at the start, except that links stay valid.
    """

    async def menu(request: web.Request) -> web.Response:
        return web.json_response([fault.described() for fault in faults.menu.values()])

    async def faults_on(request: web.Request) -> web.Response:
        return web.json_response(faults.described())

    async def switch_on(request: web.Request) -> web.Response:
        try:
            wanted = msgspec.json.decode(await request.read(), type=dict[str, str | float])
            faults.set(str(wanted.pop("name", "")), **wanted)
        except (msgspec.DecodeError, NoSuchFault) as error:
            return web.Response(status=400, text=f"{error}\n")
        return web.Response(status=204)

    async def switch_off(request: web.Request) -> web.Response:
        faults.clear()
        return web.Response(status=204)

    async def charges(request: web.Request) -> web.Response:
        return web.json_response(book.described())

    async def start_over(request: web.Request) -> web.Response:
        reset()
        return web.Response(status=204)

    return [
        web.get("/_control/menu", menu),
        web.get("/_control/faults", faults_on),
        web.put("/_control/faults", switch_on),
        web.delete("/_control/faults", switch_off),
        web.get("/_control/charges", charges),
        web.post("/_control/reset", start_over),
    ]
