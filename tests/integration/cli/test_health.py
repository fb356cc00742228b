"""`darkroom health`, the health check of containers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from integration.cli.command_line import CommandLine


class Busy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b"the ledger does not answer: " + self.path.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in the base class
        pass


@pytest.fixture
def busy() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Busy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_it_uses_the_port_of_the_settings_and_no_proxy(shell: CommandLine) -> None:
    darkroom = shell.serve()
    asked = shell.run("health", DARKROOM_PORT=str(darkroom.port), http_proxy="http://127.0.0.1:1")
    assert (asked.status, asked.stdout, asked.stderr) == (0, "", "")


def test_it_reports_why_the_service_is_not_ready(shell: CommandLine, busy: int) -> None:
    asked = shell.run("health", DARKROOM_PORT=str(busy))
    assert asked.status == 1
    address = f"http://127.0.0.1:{busy}/health/ready"
    assert asked.stderr == f"{address}: the ledger does not answer: /health/ready\n"
