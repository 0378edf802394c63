"""The kernel's accounts, read from a `/proc` that a test wrote."""

from pathlib import Path

import pytest

from bench.accounts import (
    Thread,
    command_line,
    descendants,
    memory,
    parent,
    parse_busy,
    parse_rollup,
    parse_schedstat,
    spent,
    threads,
)

ROLLUP = """\
55db856cc000-7fff39fe6000 ---p 00000000 00:00 0                          [rollup]
Rss:                3996 kB
Pss:                 890 kB
Pss_Dirty:           590 kB
THPeligible:           0
"""


def process(
    proc: Path, pid: int, parent_pid: int, name: str = "sallygate", *, threads: dict[int, int] | None = None
) -> None:
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    (folder / "stat").write_text(f"{pid} ({name}) S {parent_pid} {pid} {pid} 0 -1 4194560 3463\n")
    (folder / "cmdline").write_bytes(b"python\0-m\0gateway\0dataplane\0")
    (folder / "smaps_rollup").write_text(ROLLUP)
    for tid, run_ns in (threads or {}).items():
        task = folder / "task" / str(tid)
        task.mkdir(parents=True)
        (task / "schedstat").write_text(f"{run_ns} 15454650 99\n")
        (task / "comm").write_text(f"thread-{tid}\n")


def test_schedstat_is_the_first_of_three_numbers() -> None:
    assert parse_schedstat("52310908 15454650 99\n") == 52310908


def test_a_kernel_without_schedstat_is_named() -> None:
    with pytest.raises(ValueError, match="CONFIG_SCHED_INFO"):
        parse_schedstat("0\n")


def test_threads_are_read_with_their_names(tmp_path: Path) -> None:
    process(tmp_path, 10, 1, threads={10: 5, 12: 7})
    assert threads(10, tmp_path) == {10: Thread(10, "thread-10", 5), 12: Thread(12, "thread-12", 7)}


def test_a_thread_that_ended_while_we_look_is_left_out(tmp_path: Path) -> None:
    process(tmp_path, 10, 1, threads={10: 5, 12: 7})
    (tmp_path / "10/task/12/schedstat").unlink()
    assert list(threads(10, tmp_path)) == [10]


def test_a_thread_that_started_in_between_counts_from_zero() -> None:
    before = {1: Thread(1, "a", 100)}
    after = {1: Thread(1, "a", 150), 2: Thread(2, "b", 30)}
    assert spent(before, after) == {1: 50, 2: 30}


def test_memory_is_read_in_kibibytes(tmp_path: Path) -> None:
    process(tmp_path, 10, 1)
    assert parse_rollup(ROLLUP) == {"Rss": 3996, "Pss": 890, "Pss_Dirty": 590}
    assert memory(10, tmp_path)["Pss"] == 890


def test_a_core_is_busy_with_tasks_and_with_what_is_stolen_from_it() -> None:
    stat = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\ncpu1 100 20 3 1000 50 7 8 4 0 0\nintr 5\n"
    assert parse_busy(stat, 1) == 127
    with pytest.raises(ValueError, match="no core 2"):
        parse_busy(stat, 2)


def test_descendants_are_found_below_any_depth(tmp_path: Path) -> None:
    process(tmp_path, 10, 1)
    process(tmp_path, 12, 10, name="a) S 1 (b")
    process(tmp_path, 11, 12)
    process(tmp_path, 13, 1)
    assert descendants(10, tmp_path) == [11, 12]
    assert parent(12, tmp_path) == 10
    assert parent(99, tmp_path) is None


def test_a_command_line_is_words(tmp_path: Path) -> None:
    process(tmp_path, 10, 1)
    assert command_line(10, tmp_path) == ["python", "-m", "gateway", "dataplane"]
    assert command_line(99, tmp_path) == []
