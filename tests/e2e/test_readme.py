"""The README's transcript, word for word: its commands are run as they stand, and what they print is compared.

Ports differ from run to run, so those in later commands are exchanged for this run's. `pip install .` is really run
with `--packaging`; without it, the environment of the tests stands in for what it would have installed.
"""

import os
import signal
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.support.gateway_process import ROOT, START_SECONDS, Lines
from tests.support.transcript import Command, commands, difference, ports

README = ROOT / "README.md"
INSTALL = "pip install ."
LAST_LINE = "Ctrl-C stops"


@pytest.fixture
def path(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A PATH on which `sallygate` is what the README would have installed."""
    folder = tmp_path / "bin"
    if request.config.getoption("--packaging"):
        venv.create(tmp_path / "venv", with_pip=True)
        folder = tmp_path / "venv" / "bin"
    else:
        folder.mkdir()
        script = folder / "sallygate"
        script.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -P -m gateway "$@"\n')
        script.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.timeout(1800)
def test_the_transcript_is_true(path: str, request: pytest.FixtureRequest) -> None:
    found = commands(README.read_text())
    texts = [command.text for command in found]
    assert INSTALL in texts
    assert "sallygate run --demo" in texts
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    running: subprocess.Popen[str] | None = None
    exchanged: dict[str, str] = {}
    try:
        for command in found:
            if command.text == INSTALL and not request.config.getoption("--packaging"):
                continue
            if command.text.startswith("sallygate run"):
                assert running is None, "one gateway at a time"
                running, lines = _started(command, environment)
                written, real = ports(command.output), ports(lines)
                assert set(written) <= set(real)
                exchanged = {written[name]: real[name] for name in written}
                continue
            text = command.text
            for port, now in exchanged.items():
                text = text.replace(f":{port}", f":{now}")
            done = subprocess.run(
                ["bash", "-c", text], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"$ {text}\n{done.stdout}{done.stderr}"
            problem = difference(command.output, done.stdout.splitlines())
            assert problem is None or command.text == INSTALL, f"$ {text}\n{problem}"
        assert running is not None
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 0
    finally:
        if running is not None:
            running.kill()
            running.communicate()


def _started(command: Command, environment: dict[str, str]) -> "tuple[subprocess.Popen[str], list[str]]":
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command.text}"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = Lines(process.stdout)
        lines.wait(LAST_LINE, seconds=START_SECONDS)
        shown = lines.text().splitlines()
        last = next(number for number, line in enumerate(shown) if LAST_LINE in line)
        problem = difference(command.output, shown[: last + 1])
        assert problem is None, f"$ {command.text}\n{problem}"
    except BaseException:
        process.kill()
        process.communicate()
        raise
    return process, shown
