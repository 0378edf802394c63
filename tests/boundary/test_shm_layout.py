"""The C header, the table of metrics, the compiled module and the Python mirror say the same."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import _shm
from gateway.telemetry import layout, shm_twin
from gateway.telemetry.layout import Record
from gateway.telemetry.shm_writer import Writer, encode

ROOT = Path(__file__).parents[2]
ABI_H = (ROOT / "_core/cython/abi.h").read_text()
METRICS_H = (ROOT / "_core/cython/metrics.h").read_text()
VECTORS = (ROOT / "tests/boundary/test_shm_vectors.txt").read_text()
STRING = r'"((?:[^"\\]|\\.)*)"'


def rows(kind: str, pattern: str) -> list[tuple[str, ...]]:
    lines = [line for line in METRICS_H.splitlines() if line.startswith(f"{kind}(")]
    found = [re.fullmatch(rf"{kind}\({pattern}\)", line) for line in lines]
    assert lines
    assert all(found), f"a row of {kind} is not in one line, or malformed"
    return [tuple(text.replace('\\"', '"') for text in match.groups()) for match in found if match]


def test_constants_are_those_of_the_c_header() -> None:
    numbers = dict(re.findall(r"^#define SALLYGATE_(\w+) (\d\w*)$", ABI_H, re.MULTILINE))
    assert len(numbers) > 20
    assert {name: getattr(layout, name) for name in numbers} == {name: int(text, 0) for name, text in numbers.items()}
    assert f'#define SALLYGATE_MAGIC "{layout.MAGIC.decode()}"\n' in ABI_H
    assert layout.ABI == _shm.ABI


def test_offsets_are_those_of_the_c_header() -> None:
    assert layout.HEADER.size == 96
    assert layout.RECORD.size == layout.RECORD_TEXT
    assert layout.SLOT_BUCKETS + layout.BUCKETS + 1 == layout.SLOT_WORDS
    longest = layout.RECORD_TEXT + layout.TARGET_MAX_BYTES + 10 * layout.FIELD_MAX_BYTES
    assert layout.up(longest, 8) == layout.RECORD_MAX_BYTES
    names = [name.lower() for name in re.findall(r"SALLYGATE_(\w+)", ABI_H.split("order of the text fields")[1])][:11]
    assert names == list(Record._fields[12:])


def test_bounds_are_those_of_the_c_header() -> None:
    bounds = re.findall(r'ROW\((\d+), "([0-9.]+)"\)', ABI_H)
    assert [seconds for _, seconds in bounds] == list(_shm.BOUNDS)
    assert [int(us) for us, _ in bounds] == [round(float(seconds) * 1_000_000) for seconds in _shm.BOUNDS]


def test_the_compiled_table_is_the_file() -> None:
    assert rows("COUNTER", rf"(\w+), {STRING}, {STRING}, {STRING}") == list(_shm.COUNTERS)
    ids = [row[0] for row in _shm.COUNTERS]
    gauges = rows("GAUGE", rf"{STRING}, {STRING}, (\w+), (\w+), {STRING}")
    assert [(*row[:2], ids.index(row[2]), ids.index(row[3]), row[4]) for row in gauges] == list(_shm.GAUGES)
    assert rows("SERIES", rf"(\w+), {STRING}, {STRING}, {STRING}") == list(_shm.SERIES)


def test_names_follow_the_habits_of_prometheus() -> None:
    counters = [row[1] for row in _shm.COUNTERS] + [row[1] for row in _shm.SERIES if row[2] == "counter"]
    others = [row[0] for row in _shm.GAUGES] + [row[1] for row in _shm.SERIES if row[2] != "counter"]
    assert all(re.fullmatch(r"sallygate_[a-z_]+_total", name) for name in counters)
    assert all(re.fullmatch(r"sallygate_[a-z_]+", name) and not name.endswith("_total") for name in others)
    assert len({row[0] for row in _shm.COUNTERS}) == len(_shm.COUNTERS)


def test_rows_of_one_name_stand_together_with_one_help() -> None:
    for table in ([row[1:] for row in _shm.COUNTERS], [(row[0], row[1], row[4]) for row in _shm.GAUGES]):
        seen: list[str] = []
        labels: set[tuple[str, str]] = set()
        for name, text, help_text in table:
            first = name not in seen
            assert first == bool(help_text), f"{name}: the help stands in the first row, and only there"
            assert first or seen[-1] == name, f"{name}: its rows are apart"
            assert "\\" not in help_text
            assert "\n" not in help_text
            assert re.fullmatch(r'(|[a-z]+="[\w.]+"(,[a-z]+="[\w.]+")*)', text), text
            assert (name, text) not in labels, f"{name}{{{text}}} is there twice"
            labels.add((name, text))
            seen.append(name)


def unpack(word: str) -> bytes:
    digits, _, times = word.partition("*")
    return b"" if digits == "-" else bytes.fromhex(digits) * int(times or 1)


def vectors() -> list[tuple[Record, bytes]]:
    found = []
    for line in VECTORS.splitlines():
        if not line or line.startswith("#"):
            continue
        numbers, texts, data = (part.split() for part in line.split(" | "))
        status, start, duration, upstream, *rest, upstream_status, tls, tries = numbers
        flags = (int(tls) > 0) * 1 | (int(tries) > 0) * 2 | (int(tries) > 1) * 4
        us = None if upstream == "-" else int(upstream)
        values = (int(status), flags, int(start), int(duration), us, *map(int, rest), int(upstream_status), int(tries))
        found.append((Record._make((*values, int(tls), *map(unpack, texts))), b"".join(map(unpack, data))))
    assert len(found) >= 4
    return found


@pytest.mark.parametrize(("record", "data"), vectors())
def test_records_are_the_bytes_that_the_data_plane_writes(record: Record, data: bytes) -> None:
    assert encode(record) == data
    cut = record._replace(target=record.target[:2048], user_agent=record.user_agent[:512])
    for reader in (_shm.Reader, shm_twin.Reader):
        writer = Writer(workers=1, slots=1, ring_bytes=16_384)
        assert writer.push_bytes(0, data)
        assert reader(writer.memory).drain_records() == [tuple(cut)]


def test_the_stub_is_the_module() -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "gateway._shm"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
