"""The supervisor dies together with whoever read what it said: nobody may stay behind for want of a reader."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.gateway_process import ROOT, START_SECONDS, environment


def test_children_leave_when_their_supervisor_and_its_reader_are_gone(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    words = [
        sys.executable,
        "-m",
        "gateway",
        "run",
        "--demo",
        f"--ready-file={ready}",
        f"--state-dir={tmp_path / 'state'}",
    ]
    reading, writing = os.pipe()
    process = subprocess.Popen(words, cwd=ROOT, env=environment(), stdout=writing, stderr=writing)
    os.close(writing)
    try:
        seen = b""
        while b"Ctrl-C stops" not in seen:
            assert select.select([reading], [], [], START_SECONDS)[0], seen
            seen += os.read(reading, 65536)
        pids = json.loads(ready.read_text())["pids"]
        descriptors = {name: os.pidfd_open(pid) for name, pid in pids.items() if name != "supervisor"}
    finally:
        os.close(reading)
        process.send_signal(signal.SIGKILL)
        process.wait()
    for name, descriptor in descriptors.items():
        assert select.select([descriptor], [], [], 30)[0], f"{name} outlived its supervisor"
        os.close(descriptor)
