"""Settings of the process: its address, its data folder and its log."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.loopback import is_loopback
from darkroom.entrypoints.settings.setting import Setting

_EVERY_INTERFACE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # recognised, not listened on


IMAGES_API: Final = "images_api"
MCP: Final = "mcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """The process: its address, its data folder and its log."""

    host: Annotated[str, Setting("DARKROOM_HOST", read.listening_host, "the address it listens on")] = "127.0.0.1"
    port: Annotated[
        int, Setting("DARKROOM_PORT", read.whole(0, 65_535), "the port it listens on; 0 is any free port")
    ] = 8000
    workers_set: Annotated[
        int | None,
        Setting(
            "DARKROOM_WORKERS",
            read.workers,
            "worker processes; `auto`: one for each core that the process may use, at most 4, and 1 with "
            '`diffusers`; limits "for all workers together" are divided between them',
            "1",
        ),
    ] = 1  # None: as many as suit this machine
    max_connections: Annotated[
        int,
        Setting(
            "DARKROOM_MAX_CONNECTIONS",
            read.whole(1, 1_000_000),
            "for all workers together: connections of clients that are held at once",
            least_share=1,
        ),
    ] = 10_000
    max_connections_per_client: Annotated[
        int | None,
        Setting(
            "DARKROOM_MAX_CONNECTIONS_PER_CLIENT",
            read.whole(1, 1_000_000),
            "the same from one address; behind a proxy all clients have the address of the proxy",
            "unlimited",
            least_share=1,
        ),
    ] = None
    keep_alive: Annotated[
        int,
        Setting(
            "DARKROOM_KEEP_ALIVE",
            read.whole(1, 86_400),
            "seconds that a connection is kept for its next request; set more than the proxy in front of it",
        ),
    ] = 3660  # a minute more than Envoy, which keeps them longest; Cloudflare 900, Google 600, Caddy 120, Traefik 90
    public_url_set: Annotated[
        str | None,
        Setting(
            "DARKROOM_PUBLIC_URL",
            read.public_url,
            "the address that clients use, which may have a path; addresses in answers begin with it",
            "from host and port",
            confidential=True,
        ),
    ] = None
    cors_origins: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_CORS_ORIGINS",
            read.origins,
            "origins whose pages may call it from a browser, separated by commas",
            "none",
        ),
    ] = ()
    doors: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_DOORS",
            read.some_of(IMAGES_API, MCP),
            "doors besides `POST /api/images`, separated by commas, or `none`: `images_api`, for clients of "
            "OpenAI's Images API, below `/v1`; `mcp`, for agents that speak the Model Context Protocol, at `/mcp`",
            "all",
        ),
    ] = (IMAGES_API, MCP)
    v1_replay: Annotated[
        float,
        Setting(
            "DARKROOM_V1_REPLAY_SECONDS",
            read.seconds,
            "seconds within which a call below `/v1` without an `Idempotency-Key`, whose connection ended before "
            "its answer, may be repeated without paying again; later it is a new order",
        ),
    ] = 300
    data_dir: Annotated[
        Path,
        Setting(
            "DARKROOM_DATA_DIR",
            read.path,
            "the folder for local state: the SQLite ledger, the spool, images of the disk storage, generated secrets",
        ),
    ] = Path(".darkroom")
    log_level: Annotated[
        str,
        Setting(
            "DARKROOM_LOG_LEVEL", read.one_of("debug", "info", "warning", "error"), "the lowest level that is logged"
        ),
    ] = "info"
    log_format: Annotated[
        str | None,
        Setting(
            "DARKROOM_LOG_FORMAT",
            read.one_of("console", "json"),
            "the format of log lines",
            "console on a terminal, otherwise json",
        ),
    ] = None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return is_loopback(self.host)

    @property
    def guesses_url(self) -> bool:
        """Whether the public URL is a guess: it is not set, and the service listens on every interface."""
        return self.public_url_set is None and self.host in _EVERY_INTERFACE

    @property
    def own_url(self) -> str:
        """The URL of the service on this machine, without a slash at the end."""
        host = _EVERY_INTERFACE.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def public_url(self) -> str:
        """The URL at which clients reach the service, without a slash at the end."""
        return self.public_url_set or self.own_url

    @property
    def public_path(self) -> str:
        """The path of the public URL: empty, or without a slash at the end."""
        return urlsplit(self.public_url).path
