"""`sallygate control` as a process: a folder in, snapshots out over a real socket, to a data plane that only speaks."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.ir.match import Prefix
from tests.support.fake_dataplane import FakeDataPlane, Keeper

pytest.importorskip("gateway._core", reason="the compiled module is not built")

ROOT = Path(__file__).parents[3]

MANIFEST = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  annotations:
    nginx.ingress.kubernetes.io/service-upstream: "true"
  name: virtual-host-ingress
  namespace: default
spec:
  ingressClassName: nginx
  rules:
  - host: blue.example.com
    http:
      paths:
      - backend: {service: {name: webserver-blue-svc, port: {number: 80}}}
        path: /
        pathType: ImplementationSpecific
"""


class Running:
    """The process, and the data plane that it talks to."""

    def __init__(self, folder: Path) -> None:
        self.manifests = folder / "manifests"
        self.state = folder / "state"
        self.dataplane = FakeDataPlane(self.state / "dataplane.sock")
        self.keeper = Keeper()
        self.process: asyncio.subprocess.Process
        self._notified: asyncio.StreamReader
        self._lifeline = -1
        self._serving: asyncio.Task[None]

    async def start(self) -> None:
        self.manifests.mkdir()
        self.state.mkdir(mode=0o700)
        (self.manifests / "shop.yaml").write_text(MANIFEST)
        await self.dataplane.start()
        read, write = os.pipe()
        lifeline, self._lifeline = os.pipe()
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gateway",
            "control",
            f"--state-dir={self.state}",
            "--map=default/webserver-blue-svc=127.0.0.1:9001",
            f"--notify={write}",
            f"--lifeline={lifeline}",
            str(self.manifests),
            cwd=ROOT,
            pass_fds=(write, lifeline),
            stderr=asyncio.subprocess.PIPE,
        )
        os.close(write)
        os.close(lifeline)
        self._notified = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(self._notified)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(read, "rb"))
        self._serving = asyncio.ensure_future(self.keeper.serve(await self.dataplane.peer()))

    async def event(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(await self._notified.readline())
        return found

    async def line(self, part: str) -> str:
        """The next line on stderr that contains `part`."""
        assert self.process.stderr is not None
        while True:
            data = await self.process.stderr.readline()
            assert data, f"ended without a word of {part!r}"
            if part in data.decode():
                return data.decode().rstrip()

    def cut_lifeline(self) -> None:
        os.close(self._lifeline)
        self._lifeline = -1

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        if self._lifeline >= 0:
            self.cut_lifeline()
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)
        await self.dataplane.stop()


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Running]:
    running = Running(tmp_path)
    await running.start()
    yield running
    await running.stop()


async def test_a_folder_is_served_and_an_edit_is_one_line(control: Running) -> None:
    first = await control.event()
    assert first["event"] == "accepted"
    assert control.keeper.root is not None
    assert first["root"] == control.keeper.root.hex()
    routes = await control.event()
    assert routes["event"] == "routes"
    assert routes["total"] == 1
    rows = routes["rows"]
    assert isinstance(rows, list)
    assert rows[0]["host"] == "blue.example.com"
    assert rows[0]["endpoints"] == ["127.0.0.1:9001"]
    (control.manifests / "shop.yaml").write_text(MANIFEST.replace("path: /\n", "path: /new\n"))
    line = await control.line("route on blue.example.com")
    assert "shop.yaml" in line
    assert line.endswith(" ms")
    assert control.keeper.hosts()["blue.example.com"].routes[0].match == Prefix("/new")
    control.process.send_signal(signal.SIGTERM)
    assert await control.process.wait() == 0


async def test_a_broken_file_is_a_verdict_and_everything_else_goes_on(control: Running) -> None:
    await control.event()
    (control.manifests / "broken.yaml").write_text("kind: Ingress\n  nonsense: [\n")
    assert "broken.yaml:" in await control.line("error GW")
    second = MANIFEST.replace("blue.", "green.").replace("virtual-host-ingress", "other")
    (control.manifests / "other.yaml").write_text(second)
    await control.line("+1 host green.example.com")
    (control.manifests / "broken.yaml").unlink()
    await control.line("resolved")


async def test_the_end_of_the_supervisor_is_the_end_of_control(control: Running) -> None:
    await control.event()
    control.cut_lifeline()
    assert await control.process.wait() == 0


async def test_control_returns_to_a_data_plane_that_was_restarted(control: Running) -> None:
    await control.event()
    await control.event()
    control.dataplane.drop_peers()
    again = Keeper()
    serving = asyncio.ensure_future(again.serve(await control.dataplane.peer()))
    assert (await control.event())["event"] == "accepted"
    assert again.hosts().keys() == {"blue.example.com"}
    serving.cancel()
