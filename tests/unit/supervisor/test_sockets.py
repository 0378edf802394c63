"""Listening sockets: one per worker, and an occupied port is an error that helps."""

import os
import socket

import pytest

from gateway.supervise.sockets import ListenError, adopt, listen, reachable


def test_every_worker_has_a_socket_on_the_same_free_port() -> None:
    listening = listen("127.0.0.1", 0, 3, flag="--http-port")
    names = {sock.getsockname() for sock in listening.sockets}
    assert len(listening.fds) == 3
    ((host, port),) = names
    assert listening.address == f"{host}:{port}"
    assert port > 0
    listening.close()


def test_a_port_that_another_gateway_shares_is_occupied_all_the_same() -> None:
    first = listen("127.0.0.1", 0, 2, flag="--http-port")
    port = first.sockets[0].getsockname()[1]
    with pytest.raises(ListenError) as caught:
        listen("127.0.0.1", port, 2, flag="--https-port")
    first.close()
    message = str(caught.value)
    assert f"--https-port {port}: 127.0.0.1:{port} is in use by" in message
    assert f"(pid {os.getpid()})" in message
    assert "--https-port 0 takes a free one" in message


def test_connections_in_time_wait_do_not_occupy_a_port() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    client = socket.create_connection(("127.0.0.1", port))
    accepted, _ = server.accept()
    accepted.close()  # closes first, so its side waits
    assert client.recv(1) == b""
    client.close()
    server.close()
    listen("127.0.0.1", port, 1, flag="--http-port").close()


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(ListenError, match=r"--bind-address 192\.0\.2\.1: this machine has no such address"):
        listen("192.0.2.1", 0, 1, flag="--http-port")


def test_ipv6_addresses_wear_brackets() -> None:
    listening = listen("::1", 0, 1, flag="--http-port")
    assert listening.address.startswith("[::1]:")
    listening.close()


def test_inherited_sockets_are_not_passed_on() -> None:
    made = listen("127.0.0.1", 0, 1, flag="--http-port")
    fd = os.dup(made.fds[0])
    os.set_inheritable(fd, True)
    adopted = adopt([fd])
    assert adopted.address == made.address
    assert not os.get_inheritable(fd)
    adopted.close()
    made.close()


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("0.0.0.0:80", ("127.0.0.1", 80)),
        ("[::]:80", ("::1", 80)),
        ("10.1.2.3:443", ("10.1.2.3", 443)),
        ("[fd00::1]:443", ("fd00::1", 443)),
    ],
)
def test_where_to_connect(address: str, target: tuple[str, int]) -> None:
    assert reachable(address) == target
