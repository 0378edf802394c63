"""Snapshots that change, are refused, or lie damaged on the disk."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.encode.digest import digest_of
from gateway.publish.protocol import IR, PROTOCOL, ControlHello, DataPlaneHello, Publish, Refused
from gateway.publish.socket import Connection
from tests.support.load import Load
from tests.support.site import HOST, Site, get, probe

EDITS = 150


@pytest.mark.timeout(300)
def test_swaps_under_load_drop_nothing(site: Site) -> None:
    gateway = site.start()
    with Load(gateway.address("http"), HOST, ("blue", "green"), clients=4, pause=0.0) as load:
        for number in range(EDITS):
            site.point_at(gateway, site.green if number % 2 == 0 else site.blue)
    assert load.failures == []
    assert load.served > EDITS
    assert get(gateway).text == "blue"
    assert "sallygate_snapshots_refused_total 0\n" in probe(gateway, "/metrics").text
    assert gateway.stop() == 0


def _truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_truncated, id="half of it"),
        pytest.param(lambda data: data[:-1], id="a torn tail"),
        pytest.param(_flipped, id="a flipped byte"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"\xff" * 4096, id="garbage"),
        pytest.param(lambda data: data + b"\x00\x00\x00\x80\x01half", id="a torn append"),
    ],
)
def test_a_damaged_last_good_file_costs_no_start(site: Site, damage: Callable[[bytes], bytes]) -> None:
    gateway = site.start()
    assert gateway.stop() == 0
    file: Path = site.state_dir / "last-good"
    file.write_bytes(damage(file.read_bytes()))
    gateway = site.start()
    assert get(gateway).text == "blue"
    site.point_at(gateway, site.green)
    assert get(gateway).text == "green"
    assert gateway.stop() == 0
    # And what was written over the damage is whole again.
    gateway = site.start()
    assert get(gateway).text == "green"
    assert gateway.stop() == 0


def test_a_refused_snapshot_changes_nothing(site: Site) -> None:
    gateway = site.start()
    garbage = b"\x81\xa4kind\xa7garbage"

    async def offer() -> Refused:
        connection = await Connection.open(site.state_dir / "dataplane.sock")
        await connection.send(ControlHello(PROTOCOL, IR, 1))
        assert isinstance(await connection.receive(), DataPlaneHello)
        await connection.send(Publish(1, digest_of(garbage), (garbage,)))
        answer = await connection.receive()
        connection.close()
        assert isinstance(answer, Refused)
        return answer

    with Load(gateway.address("http"), HOST, "blue") as load:
        answer = asyncio.run(offer())
        load.wait_for(50)
    assert load.failures == []
    assert answer.segment == digest_of(garbage).hex()
    assert answer.reason
    assert "sallygate_snapshots_refused_total 1\n" in probe(gateway, "/metrics").text
    site.point_at(gateway, site.green)  # control, whose place was taken for a moment, is back
    assert get(gateway).text == "green"
    assert gateway.stop() == 0
