"""The command line as a person meets it: quick help, clean streams, colours only where they are wanted."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.cli.main import COMMANDS
from tests.support.gateway_process import ROOT, START_SECONDS, environment
from tests.support.manifests import put

HELP_SECONDS = 0.15
TRIES = 5


def _cpu_seconds(*arguments: str) -> float:
    """Of the command itself: the time on the clock would measure what else this machine is doing."""
    with subprocess.Popen(
        [sys.executable, "-m", "gateway", *arguments], cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
    return used.ru_utime + used.ru_stime


COMMANDS_SHOWN = [name for name, row in COMMANDS.items() if not row.hidden]


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS_SHOWN)])
def test_help_is_there_at_once(arguments: list[str]) -> None:
    assert min(_cpu_seconds(*arguments) for _ in range(TRIES)) < HELP_SECONDS


def test_data_goes_to_stdout_and_talk_to_stderr() -> None:
    command = [sys.executable, "-m", "gateway", "version", "-o", "json"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.startswith('{"kind": "version/v1"')
    assert done.stderr == ""


def _on_a_terminal(folder: Path, colour: dict[str, str]) -> str:
    """What `sallygate run` says of a broken manifest on a terminal."""
    put(folder, "app.yaml", "kind: [\n")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gateway", "run", "--demo", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(colour), stdout=subprocess.DEVNULL, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        try:
            return _read_until(ours, "GW120.*\n")
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            os.close(ours)


def _read_until(terminal: int, pattern: str) -> str:
    end = time.monotonic() + START_SECONDS
    text = ""
    while not re.search(pattern, text):
        assert select.select([terminal], [], [], end - time.monotonic())[0], text
        text += os.read(terminal, 65_536).decode()
    return text


@pytest.mark.parametrize(
    ("colour", "wanted"), [({}, True), ({"NO_COLOR": "1"}, False)], ids=["on a terminal", "with NO_COLOR"]
)
def test_errors_are_coloured_on_a_terminal_unless_no_color_is_set(
    tmp_path: Path, colour: dict[str, str], wanted: bool
) -> None:
    assert ("\x1b[" in _on_a_terminal(tmp_path, colour)) == wanted
