"""Before a listener is closed, every client that has connected is accepted."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterator

import pytest

from darkroom.entrypoints.serving.listener import accept_all, refuse_connections


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield listener


def test_all_clients_that_have_connected_are_accepted(listener: socket.socket) -> None:
    clients = [socket.create_connection(listener.getsockname()) for _ in range(20)]
    accepted = accept_all(listener)
    assert {one.getpeername() for one in accepted} == {client.getsockname() for client in clients}
    assert not accept_all(listener)
    for one in (*accepted, *clients):
        one.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the filter")
def test_a_client_that_comes_later_is_ignored_and_refused_at_the_end(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as early, socket.socket() as late:
        refuse_connections(listener)
        late.settimeout(0)
        assert late.connect_ex(listener.getsockname()) == errno.EINPROGRESS  # otherwise it would be connected by now
        accepted = accept_all(listener)
        assert [one.getpeername() for one in accepted] == [early.getsockname()]
        for one in accepted:
            with one:
                early.sendall(b"still here")
                one.settimeout(None)
                assert one.recv(100) == b"still here"
        listener.close()
        late.settimeout(None)
        with pytest.raises(ConnectionRefusedError):  # when its system has retried
            late.recv(1)
