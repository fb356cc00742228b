"""Call tools as an agent does, with the package `mcp`, and print the results as JSON. Runs where `mcp` is installed."""

# ruff: noqa: T201  # a program, which prints

import asyncio
import json
import sys
from typing import Any

import mcp  # type: ignore[import-not-found]  # in an environment of its own
from mcp.client.streamable_http import streamable_http_client  # type: ignore[import-not-found]
from mcp.shared._httpx_utils import create_mcp_http_client  # type: ignore[import-not-found]


async def main(server: dict[str, Any], calls: list[dict[str, Any]], mode: str) -> dict[str, Any]:
    if "url" in server:
        headers = {"Authorization": f"Bearer {server['token']}"} if server["token"] else {}
        transport = streamable_http_client(server["url"], http_client=create_mcp_http_client(headers=headers))
    else:
        transport = mcp.StdioServerParameters(**server)
    told: dict[str, Any] = {"results": []}
    try:
        async with mcp.Client(transport, mode=mode) as client:
            told["revision"], told["server"] = client.protocol_version, client.server_info.name
            told["tools"] = _plain(await client.list_tools())["tools"]
            for call in calls:
                try:
                    result = await client.call_tool(
                        call["name"], call["arguments"], read_timeout_seconds=call.get("seconds")
                    )
                    told["results"].append(_plain(result))
                except (mcp.MCPError, TimeoutError) as error:
                    failed = {"failed": type(error).__name__, "code": getattr(error, "code", None), "said": str(error)}
                    told["results"].append(failed)
    except Exception as error:  # noqa: BLE001  # the test checks what it says
        first = _first(error)
        told["failed"] = {"name": type(first).__name__, "code": getattr(first, "code", None), "said": str(first)}
    return told


def _first(error: Exception) -> Exception:
    return _first(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error


def _plain(model: Any) -> dict[str, Any]:  # noqa: ANN401  # a model of pydantic
    plain: dict[str, Any] = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return plain


asked = json.loads(sys.argv[1])
print(json.dumps(asyncio.run(main(asked["server"], asked["calls"], asked["mode"]))))
