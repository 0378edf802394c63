"""The unix socket: who may open it, what is said on it, and who takes whose place."""

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from gateway.dataplane.control_socket import ControlSocket, SocketError, bound
from gateway.dataplane.offers import Offers
from gateway.publish import protocol
from gateway.publish.protocol import IR, PROTOCOL, Accepted, ControlHello, DataPlaneHello, Publish, Refused, Report
from gateway.publish.socket import Connection
from tests.support import fake_core
from tests.support.fake_core import digest, segment

ROOT = segment()
HELLO = ControlHello(PROTOCOL, IR, 1)


class Served:
    """A control socket over a fake engine, and everything that it reported."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "dataplane.sock"
        self.said: list[str] = []
        self.answers: list[Accepted | Refused] = []
        settings = {"last_good": str(folder / "last-good"), "listeners": []}
        self.engine = fake_core.Engine(msgspec.msgpack.encode(settings))
        self.socket = ControlSocket(
            lambda: Offers(self.engine.offer, fake_core.Refused),
            lambda: DataPlaneHello(PROTOCOL, IR, os.getpid(), self.engine.digest()),
            self.answers.append,
            self.said.append,
        )

    async def control(self, hello: ControlHello = HELLO) -> Connection:
        connection = await Connection.open(self.path)
        await connection.send(hello)
        assert isinstance(await connection.receive(), DataPlaneHello)
        return connection


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    it = Served(tmp_path)
    with bound(it.path) as sock:
        async with it.socket.serve(sock):
            yield it


async def test_a_publish_is_answered_and_reported(served: Served) -> None:
    control = await served.control()
    await control.send(Publish(1, digest(ROOT), (ROOT,)))
    answer = await control.receive()
    assert isinstance(answer, Accepted)
    assert served.answers == [answer]
    assert served.engine.digest() == digest(ROOT)
    control.close()


async def test_the_greeting_says_what_is_served_already(served: Served) -> None:
    served.engine.offer(digest(ROOT), [ROOT])
    connection = await Connection.open(served.path)
    hello = await connection.receive()
    assert isinstance(hello, DataPlaneHello)
    assert hello.root == digest(ROOT)
    connection.close()


async def test_a_new_control_takes_the_place_of_the_old_one(served: Served) -> None:
    old = await served.control()
    await old.send(Publish(1, digest(ROOT), (ROOT,)))
    assert isinstance(await old.receive(), Accepted)
    new = await served.control()
    await new.send(Publish(1, digest(ROOT), (ROOT,)))
    assert isinstance(await new.receive(), Accepted)
    assert await _gone(old)
    assert served.socket.connected
    old.close()
    new.close()


async def test_the_last_report_counts_until_its_control_is_gone(served: Served) -> None:
    old = await served.control()
    await old.send(Report("nobody answers", "one 1\n"))
    await old.send(Report("", "one 2\n"))
    await old.send(Publish(1, digest(ROOT), (ROOT,)))
    assert isinstance(await old.receive(), Accepted)  # the reports came before it
    assert served.socket.report == Report("", "one 2\n")
    new = await served.control()
    await new.send(Publish(1, digest(ROOT), (ROOT,)))
    assert isinstance(await new.receive(), Accepted)
    assert not served.socket.report
    old.close()
    new.close()


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        (b"\xff\xff\xff\xff", "over the cap"),
        (b"\x03\x00\x00\x00abc", "malformed message"),
        (protocol.encode(Publish(1, b"", ())), "not a hello"),
        (protocol.encode(ControlHello(2, IR, 1)), "speaks protocol 2"),
        (protocol.encode(ControlHello(PROTOCOL, (99, 0), 1)), "configuration version 99"),
        (protocol.encode(HELLO) + protocol.encode(HELLO), "second hello"),
    ],
)
async def test_what_is_not_the_protocol_closes_with_a_reason(served: Served, frames: bytes, why: str) -> None:
    reader, writer = await asyncio.open_unix_connection(served.path)
    writer.write(frames)
    await reader.read()
    writer.close()
    (said,) = served.said
    assert why in said
    control = await served.control()  # the next one is welcome
    control.close()


async def test_a_control_that_leaves_in_the_middle_of_a_frame_is_no_event(served: Served) -> None:
    reader, writer = await asyncio.open_unix_connection(served.path)
    await reader.readexactly(4)
    writer.write(protocol.encode(HELLO) + b"\x00\x10\x00\x00part")
    writer.write_eof()
    await reader.read()
    writer.close()
    assert served.said == []
    assert not served.socket.connected


def test_the_socket_is_for_its_owner_only(tmp_path: Path) -> None:
    with bound(tmp_path / "s.sock"):
        assert stat.S_IMODE((tmp_path / "s.sock").stat().st_mode) == 0o600
    assert not (tmp_path / "s.sock").exists()


def test_a_dead_data_planes_socket_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s.sock"))
    with bound(tmp_path / "s.sock"), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "s.sock"))


def test_a_living_data_planes_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with bound(path):
        with pytest.raises(SocketError, match="belongs to another data plane"), bound(path):
            pass
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_path_too_long_for_a_socket_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(SocketError, match="longer than the 107 bytes"), bound(tmp_path / ("x" * 120)):
        pass


async def _gone(connection: Connection) -> bool:
    with contextlib.suppress(protocol.ProtocolError, ConnectionError):
        return await connection.receive() is None
    return True
