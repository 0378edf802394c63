"""A running instance, asked over the socket in its state folder: it says what files say, and cannot be worn out."""

import asyncio
import contextlib
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.survey.asking import QUESTION_BYTES, SOCKET
from tests.support.gateway_process import Gateway
from tests.tools.conftest import Run


@pytest.fixture
def state(folder: Path, tmp_path: Path) -> Iterator[Path]:
    """The state folder of an instance that serves the folder."""
    state = tmp_path / "state"
    gateway = Gateway(tmp_path, folder, f"--state-dir={state}")
    with contextlib.closing(gateway):
        gateway.ready()
        yield state


@pytest.mark.parametrize("command", ["routes", "backends", "certs"])
def test_it_says_what_its_files_say(command: str, state: Path, folder: Path, sallygate: Run) -> None:
    running = sallygate(command, "--state-dir", state, "-o", "json")
    assert running.code == 0, running.err
    assert running.json == sallygate(command, folder, "-o", "json").json


def test_it_explains_as_its_files_do(state: Path, folder: Path, sallygate: Run) -> None:
    request = ("explain", "http://shop.example.com/cart", "-o", "json")
    assert sallygate(*request, "--state-dir", state).json == sallygate(*request, "-f", folder).json
    refused = sallygate("explain", "http://shop.example.com/", "-X", "G E T", "--state-dir", state)
    assert refused.code == 2
    assert "is no method" in refused.err


def test_it_says_what_is_wrong(state: Path, sallygate: Run) -> None:
    done = sallygate("validate", "--state-dir", state, "-o", "json")
    assert (done.code, done.json["findings"]) == (0, [])


def test_nobody_else_may_ask(state: Path) -> None:
    assert stat.S_IMODE((state / SOCKET).stat().st_mode) == 0o600


@pytest.mark.parametrize("sent", [b"nonsense\n", b'{"ask":"secrets"}\n', b"x" * (QUESTION_BYTES + 10) + b"\n"])
def test_nonsense_costs_its_own_connection_alone(sent: bytes, state: Path, sallygate: Run) -> None:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(30)
        asking.connect(str(state / SOCKET))
        with contextlib.suppress(OSError):  # it may have hung up before all of it was sent
            asking.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            answer = asking.recv(65_536)
            assert answer == b"" or answer.startswith(b'{"kind":"error/v1"')
    assert sallygate("routes", "--state-dir", state).code == 0


async def test_those_who_leave_early_do_no_harm(state: Path, sallygate: Run) -> None:
    for _ in range(10):
        _, writer = await asyncio.open_unix_connection(state / SOCKET)
        writer.write(b'{"ask":"routes"}\n')
        writer.close()
    done = await asyncio.to_thread(sallygate, "routes", "--state-dir", state)
    assert done.code == 0


def test_an_instance_that_is_not_there_is_2(tmp_path: Path, sallygate: Run) -> None:
    done = sallygate("routes", "--state-dir", tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "no instance can be asked at" in done.err


def test_files_and_an_instance_at_once_are_wrong_usage(folder: Path, tmp_path: Path, sallygate: Run) -> None:
    done = sallygate("routes", folder, "--state-dir", tmp_path)
    assert done.code == 2
    assert "give one or the other" in done.err
