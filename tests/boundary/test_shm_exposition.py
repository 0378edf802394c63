"""The metrics page, read by a strict parser of the Prometheus text format."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from gateway import _shm
from gateway.dataplane.status import Status
from gateway.telemetry import layout, metrics, shm_twin
from gateway.telemetry.metric import render
from gateway.telemetry.metrics import TABLE
from gateway.telemetry.resources import Resources, read_resources
from gateway.telemetry.shm_writer import Writer

SAMPLE = re.compile(r"([a-z_]+)(?:\{(.*)\})? (NaN|[+-]?[0-9]+(?:\.[0-9]+)?)")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,(?!$)|$)')
UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
Labels = tuple[tuple[str, str], ...]


class Family:
    def __init__(self, kind: str, help_text: str) -> None:
        self.kind = kind
        self.help = help_text
        self.samples: dict[tuple[str, Labels], float] = {}


def parse(text: str) -> dict[str, Family]:
    """Every line must be known, every family stand in one block with one HELP and one TYPE, no sample come twice."""
    assert text.endswith("\n")
    families: dict[str, Family] = {}
    name, help_text = "", None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            _, _, name, help_text = line.split(" ", 3)
            assert name not in families, f"{name} stands in two blocks"
        elif line.startswith("# TYPE "):
            _, _, typed, kind = line.split(" ")
            assert typed == name
            assert help_text is not None
            families[name], help_text = Family(kind, help_text), None
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            family = families[name]
            suffixes = ("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",)
            assert match[1] in [name + suffix for suffix in suffixes], line
            key = match[1].removeprefix(name), labels(match[2] or "")
            assert key not in family.samples, line
            family.samples[key] = float(match[3])
    for name, family in families.items():
        check(name, family)
    return families


def labels(text: str) -> Labels:
    found, end = [], 0
    for match in LABEL.finditer(text):
        assert match.start() == end, text
        end = match.end()
        found.append((match[1], re.sub(r"\\.", lambda escape: UNESCAPED[escape[0]], match[2])))
    assert end == len(text), text
    assert len({name for name, _ in found}) == len(found), text
    return tuple(found)


def check(name: str, family: Family) -> None:
    assert family.kind in {"counter", "gauge", "histogram"}
    assert (family.kind == "counter") == name.endswith("_total")
    if family.kind == "counter":
        assert all(value >= 0 for value in family.samples.values())
    if family.kind != "histogram":
        return
    buckets: dict[Labels, list[tuple[str, float]]] = defaultdict(list)
    for (suffix, pairs), value in family.samples.items():
        if suffix == "_bucket":
            assert pairs[-1][0] == "le"
            buckets[pairs[:-1]].append((pairs[-1][1], value))
    for pairs, rows in buckets.items():
        bounds = [float(bound) for bound, _ in rows]
        counts = [count for _, count in rows]
        assert bounds == sorted(set(bounds))
        assert rows[-1][0] == "+Inf"
        assert counts == sorted(counts)
        assert counts[-1] == family.samples["_count", pairs]
        assert family.samples["_sum", pairs] >= 0
    assert len(family.samples) == sum(len(rows) + 2 for rows in buckets.values())


@pytest.fixture
def busy() -> Writer:
    writer = Writer(workers=2, slots=8, ring_bytes=16_384, started_unix_ns=1_795_471_948_120_000_000)
    for place in range(layout.COUNTERS):
        for worker in range(2):
            writer.set_word(writer.counter_at(worker, place), (place + 1) * 1000**worker)
    for slot in (0, 1, 2, 5):
        for worker in range(2):
            for word in range(layout.SLOT_WORDS):
                writer.set_word(writer.slot_at(worker, slot, word), slot * 100 + word)
    return writer


HOSTILE = (2, 'n"s', "back\\slash", "new\nline", "", "*.example.com", '/a{b="c",d\\"}\t\u00e9\u2028\x00')


@pytest.mark.parametrize("reader", [_shm.Reader, shm_twin.Reader])
def test_the_page_is_well_formed_and_complete(busy: Writer, reader: type[_shm.Reader]) -> None:
    used = reader(busy.memory)
    used.learn([(1, "shop", "web", "items", "80", "shop.example.com", "/items"), HOSTILE, (3, "q", "", "", "", "", "")])
    resources = Resources(cpu_seconds=1.5, resident_bytes=2, open_descriptors=3, descriptor_limit=4)
    families = parse(metrics.exposition(used, 3, resources))
    known = {metric.name: metric for metric in TABLE}
    for name, family in families.items():
        assert (family.kind, family.help) == (known[name].kind, known[name].help)
        if name != "sallygate_build_info":
            for suffix, pairs in family.samples:
                names = tuple(label for label, _ in pairs)
                assert names == (known[name].labels[:-1] if suffix in {"_sum", "_count"} else known[name].labels)
                assert not known[name].values or suffix in {"_sum", "_count"} or pairs[-1][1] in known[name].values
    requests = families["sallygate_requests_total"].samples
    routes = {tuple(value for _, value in pairs[:-1]) for _, pairs in requests}
    # Slot 0 is "no route", 3 had no traffic, 5 had some but nobody knows its labels yet.
    assert routes == {("",) * 6, ("shop", "web", "items", "80", "shop.example.com", "/items"), HOSTILE[1:]}
    assert sum(value for (_, pairs), value in requests.items() if ("namespace", "shop") in pairs) == 2 * (500 + 10)
    assert requests["", (*zip(metrics.ROUTE_LABELS, ("",) * 6, strict=True), ("status", "5xx"))] == 2 * 4
    durations = families["sallygate_request_duration_seconds"].samples
    of_shop = tuple(
        zip(metrics.ROUTE_LABELS, ("shop", "web", "items", "80", "shop.example.com", "/items"), strict=True)
    )
    assert durations["_sum", of_shop] == pytest.approx(2 * 107e-6)
    assert durations["_bucket", (*of_shop, ("le", "0.01"))] == 2 * (108 + 109)
    assert families["process_cpu_seconds_total"].samples["", ()] == 1.5
    assert families["sallygate_route_series_limit"].samples["", ()] == 7


@pytest.mark.parametrize("reader", [_shm.Reader, shm_twin.Reader])
def test_counters_are_sums_and_gauges_differences(busy: Writer, reader: type[_shm.Reader]) -> None:
    ids = [row[0] for row in _shm.COUNTERS]
    opened, closed = ids.index("TunnelsOpened"), ids.index("TunnelsClosed")
    for worker, (begun, ended) in enumerate([(7, 2), (4, 6)]):
        busy.set_word(busy.counter_at(worker, opened), begun)
        busy.set_word(busy.counter_at(worker, closed), ended)
    families = parse(reader(busy.memory).exposition().decode())
    assert families["sallygate_tunnels_opened_total"].samples["", ()] == 11
    assert families["sallygate_tunnels"].samples["", ()] == 3
    # An end that was seen before its beginning is no negative number of tunnels.
    busy.set_word(busy.counter_at(0, closed), 100)
    assert parse(reader(busy.memory).exposition().decode())["sallygate_tunnels"].samples["", ()] == 0


@pytest.mark.parametrize("reader", [_shm.Reader, shm_twin.Reader])
def test_an_idle_gateway_has_every_family_and_no_route(reader: type[_shm.Reader]) -> None:
    used = reader(Writer(workers=1, slots=4, ring_bytes=16_384).memory)
    used.learn([(1, "a", "b", "c", "d", "e", "f")])
    families = parse(used.exposition().decode())
    assert {name for name in families if families[name].samples == {}} == {
        "sallygate_requests_total",
        "sallygate_request_body_bytes_total",
        "sallygate_response_body_bytes_total",
        "sallygate_request_duration_seconds",
    }


def test_what_the_process_says_of_itself_is_in_the_table() -> None:
    build = {"version": '0.1.0"', "openssl": "OpenSSL 4.0.3\n", "tls_library": "openssl"}
    own = Status(lambda: 0.0).metrics(build, connected=True, lost_bytes=1)
    known = {metric.name: metric for metric in TABLE}
    families = parse(own)
    assert families
    for name, family in families.items():
        assert (family.kind, family.help) == (known[name].kind, known[name].help)
    assert parse(metrics.build_info(build))["sallygate_build_info"].samples == {("", tuple(build.items())): 1}


def test_no_name_is_in_the_table_twice() -> None:
    names = [metric.name for metric in TABLE]
    assert len(set(names)) == len(names)


def test_figures_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    used = read_resources(tmp_path)
    assert (used.resident_bytes, used.open_descriptors) == (None, None)
    page = render([(metrics.RESIDENT, used.resident_bytes), (metrics.CPU, used.cpu_seconds)])
    assert parse(page).keys() == {"process_cpu_seconds_total"}


def test_the_kernel_is_asked_for_what_the_process_uses() -> None:
    used = read_resources()
    assert used.cpu_seconds is not None
    assert used.cpu_seconds > 0
    assert used.resident_bytes is not None
    assert used.resident_bytes > 1_000_000
    assert used.open_descriptors is not None
    assert used.open_descriptors >= 3


@pytest.mark.parametrize(
    "text",
    [
        "a_total 1\n",
        "# HELP a_total x\n# TYPE a_total counter\na_total{} 1\na_total 1\n",
        '# HELP a_total x\n# TYPE a_total counter\na_total{b="c} 1\n',
        '# HELP a_total x\n# TYPE a_total counter\na_total{b="c",} 1\n',
        '# HELP a_total x\n# TYPE a_total counter\na_total{b="\\x"} 1\n',
        "# HELP a_total x\n# TYPE a_total counter\na_total -1\n",
        '# HELP a x\n# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\na_count 2\n',
        '# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
    ],
)
def test_the_parser_is_strict(text: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        parse(text)
