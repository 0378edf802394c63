"""A run as a whole: what it must hold, which modules it calls, and the relay on the control socket."""

import socket
from pathlib import Path

from bench.__main__ import MEASURES, incomplete
from bench.child import until
from bench.measures.micro import modules
from bench.relay import Relay
from bench.results import FORMAT, Level, Results
from bench.spread import Spread


def test_a_run_that_did_nothing_lacks_every_measure() -> None:
    empty = Results(format=FORMAT, facts={}, settings={}, peers={"floor": "", "sallygate": ""}, absent={})
    gaps = incomplete(empty)
    assert [gap for gap in gaps if gap.endswith("did not run")] == [f"{name} did not run" for name in MEASURES]
    assert "publish: nothing was measured" in gaps


def test_a_contender_without_a_figure_is_named() -> None:
    level = Level(8, [], [], False, {"floor": Spread(1, 1, 1, 1)}, {}, {})
    found = Results(format=FORMAT, facts={}, settings={}, peers={"floor": "", "nginx": ""}, absent={}, cpu=[level])
    assert "cpu: no figure of nginx at 8 connections" in incomplete(found)
    assert not any("figure of floor" in gap for gap in incomplete(found))


def test_small_benchmarks_are_found_by_their_place(tmp_path: Path) -> None:
    for name in ("micro/b.py", "micro/a.py", "scale/c.py", "micro/__init__.py", "other/d.py"):
        file = tmp_path / "bench" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert modules(tmp_path) == ["bench.micro.a", "bench.micro.b", "bench.scale.c"]


def test_the_relay_passes_both_ways_and_notes_only_what_control_says(tmp_path: Path) -> None:
    back = socket.socket(socket.AF_UNIX)
    back.bind(str(tmp_path / "back"))
    back.listen()
    back.settimeout(10)
    with back, Relay(tmp_path / "front", tmp_path / "back") as relay, socket.socket(socket.AF_UNIX) as control:
        control.settimeout(10)
        control.connect(str(tmp_path / "front"))
        data_plane, _ = back.accept()
        with data_plane:
            data_plane.settimeout(10)
            data_plane.sendall(b"hello")
            assert control.recv(100) == b"hello"
            assert relay.spoke == []
            control.sendall(b"publish")
            assert data_plane.recv(100) == b"publish"
            until(lambda: len(relay.spoke) == 1, 10, "note the publish")
            assert relay.first_after(relay.spoke[0]) == relay.spoke[0]
            assert relay.first_after(relay.spoke[0] + 1) is None
            control.close()
            assert data_plane.recv(100) == b""
