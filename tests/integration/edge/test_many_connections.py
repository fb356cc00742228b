"""More idle connections than a process may open files: new clients are still served."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from integration.edge.patience import LIVE
from servers.darkroom import INSTALLED
from servers.ports import LOOPBACK, free_port
from servers.process import Process


@pytest.mark.thorough
def test_idle_connections_are_closed_before_file_descriptors_run_out(tmp_path: Path) -> None:
    port = free_port()
    shell = ["/bin/sh", "-c", f"ulimit -n 400 && exec {INSTALLED} serve"]
    with Process(shell, environment={"DARKROOM_PORT": str(port)}, folder=tmp_path) as darkroom, ExitStack() as opened:
        darkroom.wait_for("Darkroom is ready at")
        said = darkroom.wait_for("DARKROOM_MAX_CONNECTIONS is 10000, but", stream="stderr").string
        assert "at most 80 are held: this process may open 400 files" in said
        for _ in range(450):  # each connects, is answered, and stays
            client = opened.enter_context(socket.create_connection((LOOPBACK, port), timeout=30))
            client.sendall(LIVE)
            assert client.recv(65_536).startswith(b"HTTP/1.1 200 ")
