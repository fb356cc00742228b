import socket

from servers.ports import COMPANION, LOOPBACK, free_port


def test_never_gives_the_same_port_twice() -> None:
    ports = [free_port() for _ in range(500)]

    assert len(set(ports)) == 500


def test_gives_free_ports_with_free_companions() -> None:
    port = free_port()

    for number in (port, port + COMPANION):
        with socket.create_server((LOOPBACK, number)) as listener:
            assert listener.getsockname() == (LOOPBACK, number)


def test_stays_below_the_ports_of_outgoing_connections() -> None:
    assert free_port() + COMPANION < 32_768
