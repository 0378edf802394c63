"""Children that live, die, hang and lie, each a few lines of script."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SERVES = """
tell("serving", root="00", source="control", pid=os.getpid())
until_told()
"""
WAITS = """
tell("up", pid=os.getpid())
until_told()
"""


class Supervised:
    """A running supervisor, read event by event."""

    def __init__(self, folder: Path, **children: str) -> None:
        (folder / "children.json").write_text(json.dumps(children))
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.supervised", str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def event(self) -> tuple[str, dict[str, Any]]:
        assert self.process.stdout is not None
        child, event = json.loads(self.process.stdout.readline())
        return child, event

    def events(self, *names: str) -> dict[str, dict[str, Any]]:
        """The next events, one per child named, in any order."""
        found = dict(self.event() for _ in names)
        assert set(found) == set(names)
        return found

    def ready(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / "ready.json").read_text())
        return content

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> tuple[int, str]:
        _, err = self.process.communicate(timeout=30)
        return self.process.returncode, err


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Supervised]]:
    found: list[Supervised] = []
    yield found
    for each in found:
        each.process.kill()
        each.process.communicate()


@pytest.fixture
def start(tmp_path: Path, started: list[Supervised]) -> Any:
    def it(**children: str) -> Supervised:
        started.append(Supervised(tmp_path, **children))
        return started[-1]

    return it


def test_the_ready_file_names_addresses_and_processes_and_goes_with_them(start: Any) -> None:
    it = start(dataplane=SERVES, control=WAITS)
    told = it.events("dataplane", "control")
    ready = it.ready()
    assert ready["pids"] == {
        "supervisor": it.process.pid,
        "dataplane": told["dataplane"]["pid"],
        "control": told["control"]["pid"],
    }
    with socket.create_connection(("127.0.0.1", int(ready["http"].rpartition(":")[2]))):
        pass
    it.signal(signal.SIGTERM)
    assert it.end() == (0, "")
    assert not (it.folder / "ready.json").exists()


@pytest.mark.parametrize("child", ["dataplane", "control"])
def test_a_killed_child_is_started_again_at_once(start: Any, child: str) -> None:
    it = start(dataplane=SERVES, control=WAITS)
    told = it.events("dataplane", "control")
    os.kill(told[child]["pid"], signal.SIGKILL)
    name, event = it.event()
    assert name == child
    assert it.ready()["pids"][child] == event["pid"] != told[child]["pid"]
    it.signal(signal.SIGINT)
    code, err = it.end()
    assert code == 0
    assert f"{child} was killed by SIGKILL" in err
    assert f"{child} is started again (pid {event['pid']})" in err


def test_waiting_connections_survive_the_death_of_the_data_plane(start: Any) -> None:
    answers = """
import socket
if not os.path.exists(folder + "/second"):
    open(folder + "/second", "w").close()
    tell("serving", pid=os.getpid())
    signal.pause()
tell("serving", pid=os.getpid())
connection, _ = socket.socket(fileno=fds[0]).accept()
connection.sendall(b"served")
connection.close()
until_told()
"""
    it = start(dataplane=answers, control=WAITS)
    pid = it.events("dataplane", "control")["dataplane"]["pid"]
    port = int(it.ready()["http"].rpartition(":")[2])
    # Both workers' sockets accept: whichever the kernel chose, one of these waits in the first one's queue.
    clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(64)]
    os.kill(pid, signal.SIGKILL)
    it.event()
    clients += [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(64)]
    for client in clients:
        client.setblocking(False)
    (first, *_), _, _ = select.select(clients, [], [], 10)
    assert first.recv(16) == b"served"
    for client in clients:
        client.close()
    it.signal(signal.SIGTERM)
    assert it.end()[0] == 0


@pytest.mark.parametrize("code", [1, 2])
def test_a_start_that_fails_stops_everything_with_its_exit_code(start: Any, code: int) -> None:
    it = start(dataplane=WAITS, control=f"sys.stderr.write('why\\n'); sys.exit({code})")
    ended, err = it.end()
    assert ended == code
    assert "why\n" in err
    assert f"control ended with exit code {code}" in err


def test_a_child_that_crashes_before_anything_is_served_is_given_up(start: Any) -> None:
    it = start(dataplane="os.kill(os.getpid(), signal.SIGSEGV)", control=WAITS)
    code, err = it.end()
    assert code == 1
    assert err.count("dataplane was killed by SIGSEGV") == 5


def test_control_ends_only_after_the_data_plane_has_drained(start: Any) -> None:
    drains = """
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
tell("serving")
signal.sigwait([signal.SIGTERM])
tell("draining")
time.sleep(0.2)
tell("drained")
"""
    notes = """
signal.signal(signal.SIGTERM, lambda *_: (tell("ended"), sys.exit(0)))
tell("up")
while True:
    signal.pause()
"""
    it = start(dataplane=drains, control=notes)
    it.events("dataplane", "control")
    it.signal(signal.SIGTERM)
    assert [it.event()[1]["event"] for _ in range(3)] == ["draining", "drained", "ended"]
    assert it.end()[0] == 0


def test_a_child_that_does_not_end_is_killed_and_the_exit_code_says_so(start: Any) -> None:
    it = start(dataplane="signal.signal(signal.SIGTERM, signal.SIG_IGN); tell('serving')\nwhile True: signal.pause()")
    it.event()
    it.signal(signal.SIGTERM)
    it.signal(signal.SIGTERM)
    it.signal(signal.SIGTERM)
    code, err = it.end()
    assert code == 3
    assert "is killed" in err


def test_a_stopped_child_is_woken_to_end(start: Any) -> None:
    it = start(dataplane=SERVES, control=WAITS)
    pid = it.events("dataplane", "control")["control"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    it.signal(signal.SIGTERM)
    assert it.end()[0] == 0


def test_a_stop_during_the_start_is_clean(start: Any) -> None:
    it = start(dataplane="tell('early'); time.sleep(60)", control="tell('early'); time.sleep(60)")
    it.events("dataplane", "control")
    it.signal(signal.SIGTERM)
    assert it.end() == (0, "")


def test_signals_for_the_access_log_reach_the_data_plane(start: Any) -> None:
    it = start(dataplane="signal.signal(signal.SIGUSR1, lambda *_: tell('reopen'))\ntell('serving')\nuntil_told()")
    it.event()
    it.signal(signal.SIGUSR1)
    assert it.event()[1]["event"] == "reopen"
    it.signal(signal.SIGTERM)
    assert it.end()[0] == 0


def test_children_see_the_death_of_the_supervisor(start: Any) -> None:
    watches = """
def watch():
    os.read(lifeline, 1)
    open(folder + "/orphaned", "w").close()
    os._exit(0)
os.mkfifo(folder + "/held")
threading.Thread(target=watch).start()
tell("serving")
held = open(folder + "/held", "w")
until_told()
"""
    it = start(dataplane=watches)
    it.event()
    with (it.folder / "held").open() as held:
        it.signal(signal.SIGKILL)
        assert held.read() == ""  # the end of the file is the end of the child
    assert (it.folder / "orphaned").exists()
