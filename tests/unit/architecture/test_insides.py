"""Libraries whose internals are used have an upper bound, and every internal part that is used still exists."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import aiohttp
import httptools
import pytest
import uvicorn
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.parsers import create_parser
from aiobotocore.session import get_session
from aiobotocore.utils import AioContainerMetadataFetcher, AioInstanceMetadataFetcher, _RefCountedSessionMixin
from aiohttp.client_reqrep import ClientRequest
from aiohttp.payload import Payload
from botocore.awsrequest import AWSPreparedRequest
from packaging.requirements import Requirement
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from darkroom.entrypoints.serving.http_guard import GuardedHttpProtocol

PROJECT = Path(__file__).parents[3] / "pyproject.toml"
BOUNDED = ("aiobotocore", "aiohttp", "botocore", "httptools", "uvicorn")

# The methods that the guard overrides, with the parameters of uvicorn, and the attributes that it reads.
OVERRIDDEN = {
    "__init__": ("config", "server_state", "app_state", "_loop"),
    "connection_made": ("transport",),
    "connection_lost": ("exc",),
    "data_received": ("data",),
    "eof_received": (),
    "on_message_begin": (),
    "on_url": ("url",),
    "on_header": ("name", "value"),
    "on_headers_complete": (),
    "on_message_complete": (),
    "on_response_complete": (),
    "timeout_keep_alive_handler": (),
    "shutdown": (),
    "pause_writing": (),
    "resume_writing": (),
}
CALLED = {"_unset_keepalive_if_required": ()}
ATTRIBUTES = (
    "parser",
    "transport",
    "flow",
    "client",
    "loop",
    "cycle",
    "pipeline",
    "headers",
    "scope",
    "timeout_keep_alive",
)
OF_A_CYCLE = ("response_started", "response_complete", "keep_alive")
OF_THE_SERVER = {"startup": ("sockets",), "shutdown": ("sockets",), "main_loop": ()}
OF_THE_CONFIG = ("encoded_headers", "lifespan_class", "http_protocol_class", "timeout_keep_alive")
OF_THE_STATE = ("connections", "default_headers")


@pytest.mark.parametrize("library", BOUNDED)
def test_a_library_whose_internals_are_used_has_an_upper_bound(library: str) -> None:
    declared = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    (requirement,) = [one for one in map(Requirement, declared) if one.name == library]
    assert "<" in {specifier.operator for specifier in requirement.specifier}, f"{library} has no upper bound"


def moved(owner: type, names: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """The methods that are gone or take other parameters, by name."""
    found: dict[str, str] = {}
    for name, expected in names.items():
        method: Callable[..., object] | None = getattr(owner, name, None)
        if method is None:
            found[name] = "is gone"
        elif (has := tuple(inspect.signature(method).parameters)[1:]) != expected:
            found[name] = f"takes {has}, and took {expected}"
    return found


def test_the_internals_of_uvicorn_that_the_guard_uses_exist() -> None:
    assert moved(HttpToolsProtocol, OVERRIDDEN | CALLED) == {}
    ours = {
        name for name in vars(GuardedHttpProtocol) if name in vars(HttpToolsProtocol) and not name.endswith("_doc__")
    }
    assert ours - {"__module__"} == set(OVERRIDDEN)
    made = HttpToolsProtocol(_config(), uvicorn.server.ServerState(), {}, _loop=cast("Any", object()))
    assert [name for name in ATTRIBUTES if not hasattr(made, name)] == []
    written = inspect.getsource(RequestResponseCycle)
    assert [name for name in OF_A_CYCLE if f"self.{name}" not in written] == []
    # The guard does not call these itself: it relies on uvicorn calling them there.
    assert "self.flow.pause_reading" in inspect.getsource(HttpToolsProtocol.on_headers_complete)
    assert "timeout_keep_alive_handler" in inspect.getsource(HttpToolsProtocol.on_response_complete)


def test_the_internals_of_uvicorn_that_the_server_uses_exist() -> None:
    assert moved(uvicorn.Server, OF_THE_SERVER) == {}
    config = _config()
    assert [name for name in OF_THE_CONFIG if not hasattr(config, name)] == []
    assert [name for name in OF_THE_STATE if not hasattr(uvicorn.server.ServerState(), name)] == []


def test_aiohttp_lets_a_body_write_itself() -> None:
    # This shows whether a byte of a paid order was sent.
    assert moved(aiohttp.BytesPayload, {"write_with_length": ("writer", "content_length")}) == {}
    assert "self._body.write_with_length(writer, content_length)" in inspect.getsource(ClientRequest.write_bytes)
    # Bodies of uploads are read by these.
    assert [name for name in ("size", "autoclose") if not isinstance(vars(Payload).get(name), property)] == []


def test_httptools_reports_where_an_upgrade_begins() -> None:
    head = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"
    with pytest.raises(httptools.HttpParserUpgrade) as upgrade:
        httptools.HttpRequestParser(object()).feed_data(head + b"rest")
    assert upgrade.value.args == (len(head),)


async def test_the_internals_of_botocore_that_the_s3_storage_uses_exist() -> None:
    session = cast("Any", get_session())
    given = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "eu-west-1"}
    async with session.create_client("s3", **given) as client:
        frozen = await client._request_signer._credentials.get_frozen_credentials()  # noqa: SLF001  # the internals are what is tested
        assert frozen[:2] == ("a", "b")
        assert inspect.iscoroutinefunction(client._endpoint.http_session.send)  # noqa: SLF001  # the same
        assert client.meta.service_model.operation_model("ListObjects").output_shape
        assert client.meta.config.s3 is None or "addressing_style" in client.meta.config.s3
    assert inspect.iscoroutinefunction(type(create_parser("rest-xml")).parse)
    # Every request of a session goes through here, so that no redirect is followed.
    assert tuple(inspect.signature(AIOHTTPSession._get_session).parameters) == ("self", "proxy_url")  # noqa: SLF001
    assert "await self._get_session(proxy_url)" in inspect.getsource(AIOHTTPSession.send)
    # The same for the requests for credentials.
    fetchers = [
        getattr(provider, name)
        for provider in session.get_component("credential_provider").providers
        for name in ("_role_fetcher", "_fetcher")
        if hasattr(provider, name)
    ]
    assert {type(one) for one in fetchers} == {AioInstanceMetadataFetcher, AioContainerMetadataFetcher}
    assert all(isinstance(one._session, _RefCountedSessionMixin) for one in fetchers)  # noqa: SLF001  # the same
    parameters = tuple(inspect.signature(AWSPreparedRequest).parameters)
    assert parameters[:5] == ("method", "url", "headers", "body", "stream_output")


def _config() -> uvicorn.Config:
    config = uvicorn.Config(lambda: None, lifespan="off", ws="none", log_config=None)
    config.load()
    return config
