"""Access-log lines: all of them, in order, and never at the cost of traffic."""

import os
import threading
from pathlib import Path

import pytest

from gateway.dataplane.pump import Pump
from gateway.dataplane.sink import Sink


class Rings:
    """Lines as the shared memory would yield them; `empty` is set when all were taken."""

    def __init__(self, *lines: bytes) -> None:
        self.waiting = list(lines)
        self.empty = threading.Event()

    def read(self, limit: int) -> bytes:
        if self.waiting:
            return self.waiting.pop(0)
        self.empty.set()
        return b""


def _silent(line: str) -> None:
    raise AssertionError(f"nothing to say here: {line}")


def test_lines_reach_the_file_in_order(tmp_path: Path) -> None:
    rings = Rings(b"a\n", b"b\n")
    pump = Pump(rings.read, Sink(str(tmp_path / "log"), _silent))
    pump.start()
    assert rings.empty.wait(10)
    rings.waiting.append(b"c\n")
    assert pump.stop(10)
    assert (tmp_path / "log").read_bytes() == b"a\nb\nc\n"


def test_the_file_is_for_owner_and_group_only(tmp_path: Path) -> None:
    Sink(str(tmp_path / "log"), _silent).close()
    assert (tmp_path / "log").stat().st_mode & 0o137 == 0


def test_rotation_goes_on_in_a_new_file(tmp_path: Path) -> None:
    log, rings = tmp_path / "log", Rings(b"before\n")
    pump = Pump(rings.read, Sink(str(log), _silent))
    pump.start()
    assert rings.empty.wait(10)
    log.rename(tmp_path / "log.1")
    pump.reopen()
    rings.empty.clear()
    assert rings.empty.wait(10)
    rings.waiting.append(b"after\n")
    assert pump.stop(10)
    assert (tmp_path / "log.1").read_bytes() == b"before\n"
    assert log.read_bytes() == b"after\n"


def test_without_a_sink_the_rings_are_emptied_all_the_same() -> None:
    rings = Rings(b"a\n")
    pump = Pump(rings.read, None)
    pump.start()
    assert pump.stop(10)
    assert rings.waiting == []


def test_a_stuck_sink_does_not_keep_us_from_leaving(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    said: list[str] = []
    pump = Pump(Rings(b"x" * (1 << 22)).read, Sink(str(pipe), said.append))
    pump.start()
    assert not pump.stop(0.05)
    os.close(reader)
    assert pump.stop(10)
    assert said == ["access log: Broken pipe; lines are lost until it can be written again"]


def test_a_broken_sink_is_said_once_and_again_when_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    sink = Sink(str(tmp_path / "log"), said.append)
    write = os.write

    def full(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    assert not sink.write(b"one\n")
    assert not sink.write(b"two\n")
    monkeypatch.setattr(os, "write", write)
    assert sink.write(b"three\n")
    sink.close()
    assert [line.split(";")[0] for line in said] == [
        "access log: No space left on device",
        "access log: is written again",
    ]
    assert sink.lost_bytes == 8
    assert (tmp_path / "log").read_bytes() == b"three\n"


def test_a_folder_that_is_gone_is_tried_again_later(tmp_path: Path) -> None:
    said: list[str] = []
    folder = tmp_path / "logs"
    folder.mkdir()
    sink = Sink(str(folder / "log"), said.append)
    (folder / "log").unlink()
    folder.rmdir()
    sink.reopen()
    assert not sink.write(b"lost\n")
    folder.mkdir()
    assert sink.write(b"kept\n")
    sink.close()
    assert (folder / "log").read_bytes() == b"kept\n"
    assert len(said) == 2
