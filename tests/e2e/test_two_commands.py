"""`sallygate dataplane` and `sallygate control` as two commands that share a folder, as two containers of a pod do."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.gateway_process import ROOT, Lines, environment
from tests.support.load import Load
from tests.support.manifests import ingress, put, service
from tests.support.origin import Origin, origins
from tests.support.raw_client import fetch
from tests.support.site import HOST, until


class Command:
    def __init__(self, stack: ExitStack, *arguments: str, fds: tuple[int, ...] = ()) -> None:
        self.process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "gateway", *arguments],
                cwd=ROOT,
                env=environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                pass_fds=fds,
            )
        )
        stack.callback(self.process.kill)
        assert self.process.stderr is not None
        self.err = Lines(self.process.stderr)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as it:
        yield it


@pytest.fixture
def upstreams() -> Iterator[list[Origin]]:
    with origins("blue", "green") as them:
        yield them


def _dataplane(stack: ExitStack, state: Path) -> tuple[Command, dict[str, Any]]:
    read, write = os.pipe()
    ports = [f"--{name}-port=0" for name in ("http", "https", "healthz")]
    flags = [*ports, "--bind-address=127.0.0.1", f"--state-dir={state}", f"--notify={write}"]
    dataplane = Command(stack, "dataplane", *flags, fds=(write,))
    os.close(write)
    told = stack.enter_context(os.fdopen(read))
    event = json.loads(told.readline())
    assert event["event"] == "listening"
    return dataplane, {name: _address(text) for name, text in event["addresses"].items()}


def test_they_meet_part_and_meet_again(stack: ExitStack, tmp_path: Path, upstreams: list[Origin]) -> None:
    blue, green = upstreams
    manifests, state = tmp_path / "manifests", tmp_path / "state"
    manifests.mkdir()
    put(manifests, "app.yaml", f"{ingress('app', HOST, 'blue')}---\n{service('blue', 'green')}")
    maps = [f"--map=default/{each.name}={each.address}" for each in (blue, green)]
    arguments = [f"--state-dir={state}", *maps, str(manifests)]

    dataplane, addresses = _dataplane(stack, state)
    assert fetch(addresses["health"], "probe", "/livez").status == 200
    assert fetch(addresses["health"], "probe", "/readyz").status == 503  # nothing is served before a first snapshot
    control = Command(stack, "control", *arguments)
    until(lambda: fetch(addresses["health"], "probe", "/readyz").status == 200)
    with Load(addresses["http"], HOST, ("blue", "green")) as load:
        assert control.stop() == 0
        put(manifests, "app.yaml", f"{ingress('app', HOST, 'green')}---\n{service('blue', 'green')}")
        load.wait_for(40)
        assert fetch(addresses["http"], HOST).text == "blue"
        control = Command(stack, "control", *arguments)
        until(lambda: fetch(addresses["http"], HOST).text == "green")
    assert load.failures == []
    assert dataplane.stop() == 0
    control.err.wait("data plane closed")
    assert control.stop() == 0


def test_a_second_data_plane_in_the_same_folder_is_refused(stack: ExitStack, tmp_path: Path) -> None:
    first, addresses = _dataplane(stack, tmp_path)
    ports = [f"--{name}-port=0" for name in ("http", "https", "healthz")]
    second = Command(stack, "dataplane", *ports, "--bind-address=127.0.0.1", f"--state-dir={tmp_path}")
    assert second.process.wait(60) == 1
    assert "belongs to another data plane" in second.err.join()
    assert fetch(addresses["health"], "probe", "/livez").status == 200
    assert first.stop() == 0
