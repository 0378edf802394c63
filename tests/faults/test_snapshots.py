"""Snapshots that change, are refused, or lie damaged on the disk."""

import asyncio
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import _core, app
from gateway.encode.digest import digest_of
from gateway.publish.protocol import IR, PROTOCOL, ControlHello, DataPlaneHello, Publish, Refused
from gateway.publish.socket import Connection
from gateway.settings.control import ControlSettings, ProcessSettings, SourceSettings
from gateway.settings.values import service_mapping
from gateway.sources.files import FilesSource
from tests.support.load import Load
from tests.support.manifests import ingress, put
from tests.support.site import HOST, Site, get, probe, until

EDITS = 300


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


def test_a_restart_with_a_damaged_file_and_no_control_says_so_and_waits_for_control(site: Site) -> None:
    gateway = site.start()
    control, dataplane = gateway.pid("control"), gateway.pid("dataplane")
    os.kill(control, signal.SIGSTOP)
    file = site.state_dir / "last-good"
    file.write_bytes(_truncated(file.read_bytes()))
    os.kill(dataplane, signal.SIGKILL)
    gateway.err.wait("the last good snapshot cannot be used: ")
    assert probe(gateway, "/livez").status == 200
    assert probe(gateway, "/readyz").status == 503
    os.kill(control, signal.SIGCONT)
    until(lambda: probe(gateway, "/readyz").status == 200)
    assert get(gateway).text == "blue"
    gateway.err.wait("the last good snapshot on disk: is kept again")
    gateway.wait_for_pid("dataplane", other_than=dataplane)
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

    os.kill(gateway.pid("control"), signal.SIGSTOP)  # or it could take its place back before there is an answer
    with Load(gateway.address("http"), HOST, "blue") as load:
        answer = asyncio.run(offer())
        load.wait_for(50)
    os.kill(gateway.pid("control"), signal.SIGCONT)
    assert load.failures == []
    assert answer.segment == digest_of(garbage).hex()
    assert answer.reason
    assert "sallygate_snapshots_refused_total 1\n" in probe(gateway, "/metrics").text
    site.point_at(gateway, site.green)  # control, whose place was taken for a moment, is back
    assert get(gateway).text == "green"
    assert gateway.stop() == 0


async def test_a_refusal_is_told_by_control_with_segment_field_and_reason(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control that looks at no pattern stands in for one that is newer than its data plane."""
    gateway = site.start()
    os.kill(gateway.pid("control"), signal.SIGSTOP)
    monkeypatch.setattr(_core, "check_regex", lambda *_: (None, None))
    maps = tuple(service_mapping(f"default/{each.name}={each.address}") for each in (site.blue, site.green))
    settings = ControlSettings(
        process=ProcessSettings(state_dir=site.state_dir),
        sources=SourceSettings(paths=(site.manifests,), maps=maps),
    )
    lines: list[str] = []
    files = FilesSource(settings.sources.paths)
    origin = app.Input(files, files.origin)
    control = app.Control(settings, origin, say=lines.append, notify=lambda *_: None, resolve=lambda name: name)
    running = asyncio.create_task(control.run())
    use_regex = {"nginx.ingress.kubernetes.io/use-regex": "true"}
    bad = ingress("bad", "bad.example.com", "blue", path="/(", annotations=use_regex)
    good = ingress("good", "good.example.com", "green")
    with Load(gateway.address("http"), HOST, "blue") as load:
        put(site.manifests, "more.yaml", f"{bad}---\n{good}".replace("Prefix", "ImplementationSpecific"))
        await asyncio.to_thread(until, lambda: get(gateway, "good.example.com").text == "green")
        load.wait_for(40)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert load.failures == []
    told = [line for line in lines if "GW300" in line]
    assert len(told) == 1
    assert re.search(r"more\.yaml:\d+:\d+ Ingress default/bad spec\.rules\[0\]\.http\.paths\[0\]", told[0])
    assert re.search(r"host segment [0-9a-f]{32}, field routes\[0\]\.match\.pattern: \w+", told[0])
    assert get(gateway, "bad.example.com").status == 503  # closed, as its author meant it to be there
    assert gateway.stop() == 0
