"""Backoff, the notify pipe and the ready file, each alone."""

import errno
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.supervise.backoff import LONGEST, STEADY, Backoff
from gateway.supervise.child import Child, Spec
from gateway.supervise.link import LINE_LIMIT, LineReader, Notifier
from gateway.supervise.ready import ReadyFile


def test_the_first_restart_is_at_once_and_the_delay_is_bounded() -> None:
    backoff = Backoff()
    delays = [backoff.after(0.0) for _ in range(2000)]
    assert delays[0] == 0.0
    assert delays[1:] == sorted(delays[1:])
    assert delays[1] > 0
    assert delays[-1] == LONGEST


def test_a_child_that_had_run_well_is_restarted_at_once() -> None:
    backoff = Backoff()
    for _ in range(10):
        backoff.after(0.0)
    assert backoff.after(STEADY) == 0.0


def test_events_come_whole_out_of_any_pieces() -> None:
    reader = LineReader()
    data = b'{"event":"a","n":1}\nnot json\n{"no":"event"}\n[1]\n{"event":"b"}\n'
    found = [event for byte in data for event in reader.feed(bytes([byte]))]
    assert found == [{"event": "a", "n": 1}, {"event": "b"}]


def test_an_endless_line_does_not_grow() -> None:
    reader = LineReader()
    assert list(reader.feed(b"x" * (LINE_LIMIT + 1))) == []
    assert list(reader.feed(b'\n{"event":"a"}\n')) == [{"event": "a"}]


def test_telling_a_parent_that_is_gone_does_no_harm() -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)
    notifier = Notifier(write)
    assert not os.get_inheritable(write)
    notifier.tell("a", n=1)
    assert os.read(read, 100) == b'{"event": "a", "n": 1}\n'
    os.close(read)
    notifier.tell("b")
    notifier.tell("c")
    os.close(write)
    Notifier(None).tell("nobody")


def test_the_ready_file_is_readable_by_all_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ready = ReadyFile(tmp_path / "ready.json")
    ready.write({"http": "127.0.0.1:1"}, {"supervisor": 2})
    assert json.loads((tmp_path / "ready.json").read_text()) == {"http": "127.0.0.1:1", "pids": {"supervisor": 2}}
    assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o644
    assert [file.name for file in tmp_path.iterdir()] == ["ready.json"]
    ready.remove()
    ready.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_ready_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        ReadyFile(tmp_path / "none" / "ready.json").write({}, {})


def test_a_child_that_cannot_be_watched_does_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    started: list[int] = []
    kill = subprocess.Popen.kill

    def note(process: subprocess.Popen[bytes]) -> None:
        started.append(process.pid)
        kill(process)

    monkeypatch.setattr(subprocess.Popen, "kill", note)
    child = Child(Spec("it", (sys.executable, "-c", "import time; time.sleep(600)")), time.monotonic)
    lifeline, other = os.pipe()
    with pytest.raises(OSError, match="Function not implemented"):
        child.start(lifeline)
    (pid,) = started
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert (child.process, child.notify_fd) == (None, -1)
    os.close(lifeline)
    os.close(other)
