"""The whole process, with a fake engine: start, restore, serve, drain, and every way to be told to stop."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from gateway.publish import protocol
from gateway.publish.protocol import IR, PROTOCOL, Accepted, ControlHello, DataPlaneHello, Publish
from tests.support.fake_core import digest, segment

ROOT = segment()


class Running:
    """`sallygate dataplane` under a test that plays supervisor and control."""

    def __init__(self, state_dir: Path, *flags: str, **environment: str) -> None:
        lifeline, self.held = os.pipe()
        events, notify = os.pipe()
        program = [sys.executable, "-m", "tests.support.fake_host", "dataplane", "--state-dir", str(state_dir)]
        ports = ["--bind-address=127.0.0.1", "--http-port=0", "--https-port=0", "--healthz-port=0", "--workers=2"]
        pipes = [f"--lifeline={lifeline}", f"--notify={notify}"]
        self.process = subprocess.Popen(
            [*program, *ports, *pipes, *flags],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=(lifeline, notify),
        )
        os.close(lifeline)
        os.close(notify)
        self._events: IO[str] = os.fdopen(events)
        self.socket_path = state_dir / "dataplane.sock"
        self.addresses: dict[str, str] = {}

    def event(self) -> dict[str, object]:
        event: dict[str, object] = json.loads(self._events.readline())
        if event["event"] == "listening":
            self.addresses = event["addresses"]  # type: ignore[assignment]
        return event

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{self.addresses['health']}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def publish(self, data: bytes) -> protocol.FromDataPlane:
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.socket_path))
            file = control.makefile("rb")
            assert isinstance(_next(file), DataPlaneHello)
            control.sendall(protocol.encode(ControlHello(PROTOCOL, IR, 1)))
            control.sendall(protocol.encode(Publish(1, digest(data), (data,))))
            return _next(file)

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self._events.close()
        os.close(self.held)


def _next(file: IO[bytes]) -> protocol.FromDataPlane:
    return protocol.decode_from_data_plane(file.read(protocol.payload_length(file.read(protocol.HEADER))))


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Running]]:
    found: list[Running] = []
    yield found
    for each in found:
        each.close()


@pytest.fixture
def dataplane(tmp_path: Path, started: list[Running]) -> Running:
    it = Running(tmp_path)
    started.append(it)
    assert it.event()["event"] == "listening"
    return it


def test_ready_from_the_first_snapshot_to_the_drain(dataplane: Running) -> None:
    assert dataplane.get("/readyz")[0] == 503
    assert dataplane.get("/livez")[0] == 200
    assert isinstance(dataplane.publish(ROOT), Accepted)
    assert dataplane.event() == {"event": "serving", "root": digest(ROOT).hex(), "source": "control"}
    assert dataplane.get("/readyz") == (200, "ok\n")
    text = dataplane.get("/metrics")[1]
    assert 'openssl="OpenSSL 4.0.3 \\"quoted\\""' in text
    assert "fake_series 1\n" in text
    dataplane.process.send_signal(signal.SIGTERM)
    assert dataplane.event() == {"event": "draining"}
    code, out, _ = dataplane.end()
    assert code == 0
    assert out == "one line\n"
    assert not dataplane.socket_path.exists()


def test_readiness_is_off_during_the_grace_period_and_a_second_signal_ends_it(
    tmp_path: Path, started: list[Running]
) -> None:
    it = Running(tmp_path, "--shutdown-grace-period=600", "--drain-timeout=600", FAKE_DRAIN_SECONDS="600")
    started.append(it)
    it.event()
    it.publish(ROOT)
    it.event()
    it.process.send_signal(signal.SIGTERM)
    assert it.event() == {"event": "draining"}
    assert it.get("/readyz")[0] == 503
    assert it.get("/healthz")[0] == 500
    assert it.get("/livez")[0] == 200
    it.process.send_signal(signal.SIGTERM)
    code, _, err = it.end()
    assert code == 0
    assert "1 connections were cut" in err


def test_sigint_is_the_supervisors_business(dataplane: Running) -> None:
    dataplane.process.send_signal(signal.SIGINT)
    assert dataplane.get("/healthz")[0] == 200
    dataplane.process.send_signal(signal.SIGTERM)
    assert dataplane.end()[0] == 0


def test_it_leaves_when_its_supervisor_is_gone(dataplane: Running) -> None:
    held, dataplane.held = dataplane.held, os.open(os.devnull, os.O_RDONLY)
    os.close(held)
    code, _, err = dataplane.end()
    assert code == 0
    assert "the supervisor is gone" in err


def test_the_last_good_snapshot_is_served_before_control_says_a_word(tmp_path: Path, started: list[Running]) -> None:
    (tmp_path / "last-good").write_bytes(b"g" * 16)
    it = Running(tmp_path)
    started.append(it)
    it.event()
    assert it.event() == {"event": "serving", "root": (b"g" * 16).hex(), "source": "last-good"}
    assert it.get("/readyz")[0] == 200


def test_a_damaged_last_good_snapshot_is_said_and_control_heals_it(tmp_path: Path, started: list[Running]) -> None:
    (tmp_path / "last-good").write_bytes(b"torn")
    it = Running(tmp_path)
    started.append(it)
    it.event()
    assert it.get("/readyz")[0] == 503
    assert isinstance(it.publish(ROOT), Accepted)
    assert it.get("/readyz")[0] == 200
    it.process.send_signal(signal.SIGTERM)
    assert "last good snapshot cannot be used: commit record: 16 bytes expected" in it.end()[2]


def test_a_refused_snapshot_leaves_the_served_one(dataplane: Running) -> None:
    dataplane.publish(ROOT)
    answer = dataplane.publish(segment(refuse="the reason"))
    assert isinstance(answer, protocol.Refused)
    assert answer.reason == "the reason"
    assert dataplane.get("/readyz")[0] == 200
    assert "sallygate_snapshots_refused_total 1\n" in dataplane.get("/metrics")[1]


def test_two_data_planes_never_share_a_state_folder(dataplane: Running, tmp_path: Path, started: list[Running]) -> None:
    second = Running(tmp_path)
    started.append(second)
    code, _, err = second.end()
    assert code == 1
    assert "belongs to another data plane" in err
    assert dataplane.get("/livez")[0] == 200


def test_an_access_log_that_cannot_be_opened_is_an_error_at_the_start(tmp_path: Path, started: list[Running]) -> None:
    it = Running(tmp_path, f"--access-log={tmp_path / 'none' / 'log'}")
    started.append(it)
    code, _, err = it.end()
    assert code == 1
    assert "none/log: No such file or directory" in err
