"""Real reverse proxies, from Debian's packages, with the configurations in deploy/."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from servers.parts import PartMissing
from servers.ports import LOOPBACK, free_port
from servers.process import Process, ProgramFailed

PROXIES = Path(__file__).parents[2] / "deploy" / "proxies"

_NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/darkroom.conf;
}}
"""


class WebProxy(Process):
    """A reverse proxy in front of a port of this machine; `url` is the proxy's own URL.

    Args:
        folder: The folder for its files.
        name: `nginx`, `haproxy` or `caddy`.
        configuration: The text of its configuration in deploy/proxies/; port 80 is replaced by `port`, and 8000 by
            `server_port`.
        server_port: The port of the server.
        port: The port to listen on; by default a free one.

    Raises:
        PartMissing: it is not installed.
    """

    def __init__(
        self, folder: Path, name: str, configuration: str, server_port: int, *, port: int | None = None
    ) -> None:
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if found is None:
            raise PartMissing(name, f"is not installed (Debian: apt-get install {_PACKAGES[name]})")
        port = port or free_port()
        self.url = f"http://{LOOPBACK}:{port}"
        configuration = configuration.replace("127.0.0.1:8000", f"{LOOPBACK}:{server_port}")
        folder.mkdir(exist_ok=True)
        super().__init__([found, *_COMMANDS[name](folder, configuration, port)], environment=_environment(folder))
        try:
            self._wait_until_it_listens(port)
        except BaseException:
            self.close()
            raise

    def _wait_until_it_listens(self, port: int) -> None:
        deadline = time.monotonic() + 30
        while self.running and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex((LOOPBACK, port)) == 0:
                    return
            time.sleep(0.02)
        raise ProgramFailed(f"the proxy does not listen\n{self.stderr}")


def deployed(name: str) -> str:
    """Return the configuration of a proxy in deploy/."""
    return (PROXIES / {"nginx": "nginx.conf", "haproxy": "haproxy.cfg", "caddy": "Caddyfile"}[name]).read_text("utf-8")


def under_a_path(name: str) -> str:
    """Return that configuration for a service under /darkroom, with the changes that its comment describes."""
    before, after = {
        "nginx": (
            "location / {\n        proxy_pass http://darkroom;",
            "location /darkroom/ {\n        proxy_pass http://darkroom/;",
        ),
        "haproxy": (
            "    mode http\n    timeout connect",
            "    mode http\n    http-request replace-path ^/darkroom(/.*)?$ \\1\n    timeout connect",
        ),
        "caddy": ("\treverse_proxy", "\thandle_path /darkroom/* {\n\treverse_proxy"),
    }[name]
    changed = deployed(name).replace(before, after)
    assert changed != deployed(name)
    return changed + "}\n" if name == "caddy" else changed


def _nginx(folder: Path, configuration: str, port: int) -> list[str | Path]:
    (folder / "darkroom.conf").write_text(configuration.replace("listen 80;", f"listen {LOOPBACK}:{port};"), "utf-8")
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder), "utf-8")
    return ["-p", folder, "-c", folder / "nginx.conf"]


def _haproxy(folder: Path, configuration: str, port: int) -> list[str | Path]:
    file = folder / "haproxy.cfg"
    file.write_text(configuration.replace("bind :80\n", f"bind {LOOPBACK}:{port}\n"), "utf-8")
    return ["-db", "-f", file]


def _caddy(folder: Path, configuration: str, port: int) -> list[str | Path]:
    file = folder / "Caddyfile"
    # By default Caddy opens an admin port, and requests certificates.
    listening = configuration.replace("\nimages.example.com {", f"\nhttp://{LOOPBACK}:{port} {{")
    file.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + listening, "utf-8")
    return ["run", "--config", file, "--adapter", "caddyfile"]


def _environment(folder: Path) -> Mapping[str, str]:
    return {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}


_PACKAGES = {"nginx": "nginx-light", "haproxy": "haproxy", "caddy": "caddy"}
_COMMANDS: Mapping[str, Callable[[Path, str, int], list[str | Path]]] = {
    "nginx": _nginx,
    "haproxy": _haproxy,
    "caddy": _caddy,
}
