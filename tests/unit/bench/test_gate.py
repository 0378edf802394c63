"""The budgets against results that hold them, that break them, and that lack them."""

from pathlib import Path

import pytest
from msgspec import json, structs

from bench.gate import BUDGETS, breaches, main
from bench.manifests import BESIDE, FOLDERS
from bench.measures.connect import WAYS
from bench.report import markdown
from bench.results import (
    FORMAT,
    Cluster,
    ColdStart,
    Controller,
    Effect,
    Held,
    Instructions,
    Level,
    Lines,
    Lookup,
    LookupRow,
    Memory,
    Misses,
    Mixed,
    Outage,
    Publish,
    Results,
    Sample,
    Syscalls,
    Transfer,
    Work,
)
from bench.spread import Ratio, Spread

LINES = Lines(5000.0, 700.0, 150.0, 100.0)
PEERS = ("floor", "sallygate", "nginx", "haproxy", "nginx-quiet")


def spread(value: float) -> Spread:
    return Spread(value, value, value, 8)


def level(connections: int, own: float, *, disturbed: bool = False) -> Level:
    ratios = {name: Ratio(own, own, own, 8) for name in PEERS[2:]}
    sample = Sample(1000, 10.0, {"worker": 9.0, "host": 1.0}, 1e5, 9.0, 20.0, 0, 340.0, 0.0)
    return Level(
        connections,
        [dict.fromkeys(PEERS, sample)],
        [dict.fromkeys(PEERS, True)],
        disturbed,
        {name: spread(10.0) for name in PEERS},
        {"sallygate": ratios},
        {"sallygate": ratios},
    )


def transfer(size: int, way: str, own: float) -> Transfer:
    ratios = {name: Ratio(1 / own, 1 / own, 1 / own, 8) for name in PEERS[2:]}
    return Transfer(size, way, level(8, own), {name: spread(2500.0) for name in PEERS}, {"sallygate": ratios})


def controller(failed: int = 0, idle: float = 32.0) -> Controller:
    start = ColdStart(spread(2.1), spread(2.2), spread(2.4), spread(9))
    effect = Effect(spread(40.0), 70.0)
    outage = Outage(30.0, 12.0)
    return Controller(
        "sallygate/0.1.0", start, start, effect, effect, 180.0, 260.0, idle, outage, outage,
        Mixed(1000, 20.0, 90_000, 800, failed),
    )  # fmt: skip


def results(own: float = 0.4, *, disturbed: bool = False) -> Results:
    calls = {"worker": {"recvfrom": 2.0, "sendto": 2.0, "epoll_wait": 0.04}, "host": {"write": 0.01}}
    facts = {
        "when": "2026-11-01", "cpu": "a CPU", "cpus": 2, "core": 1, "cpu_flags_hypervisor": True, "l2": "512K",
        "governor": None, "kernel": "6", "libc": "glibc", "rustc": "rustc 1", "load_average": [0.1, 0.1, 0.1],
        "versions": {"floor": "bench/tools"},
    }  # fmt: skip
    return Results(
        format=FORMAT,
        facts=facts,
        settings={},
        peers={name: f"what {name} does" for name in PEERS},
        absent={"haproxy-quiet": "not installed"},
        work={name: Work([], 0, 0) for name in PEERS},
        cpu=[level(connections, own, disturbed=disturbed) for connections in (8, 64, 512)],
        crossed=[level(64, own)],
        connect={way: level(64, own) for way in WAYS},
        transfer=[transfer(size, way, own) for size in (65_536, 1_048_576) for way in ("down", "up")],
        syscalls={"sallygate": [Syscalls(64, 2000, calls)]},
        instructions={
            "sallygate": Instructions(2000, {"worker": 5000.0}, [("parse", 900.0)]),
            "nginx": Instructions(2000, {"worker": 37000.0}, []),
        },
        routes={name: Instructions(2000, {"worker": 5000.0}, []) for name in FOLDERS},
        misses={"sallygate": [Misses(512, 8000, LINES, {"runtime": LINES})]},
        replay={"instructions_per_exchange": 3000.0},
        lookup=Lookup([LookupRow(100, 10, 100.0), LookupRow(1, 100_000, 170.0), LookupRow(100_000, 1, 240.0)], 90.0),
        publish=Publish(100_000, 2, 50, 9.0, spread(80.0), 95.0, spread(12.0), 20.0, 9000, 0),
        memory={"sallygate": Memory(6000, 900.0, 910.0, 40_000, 46_000)},
        held={"sallygate": Held(20_000, 0, 900.0, 910.0, 80_000, 2000.0)},
        micro={"bench.scale.translation": {"cold_ms": 1350.0, "change_p99_ms": 1.2}},
        cluster=Cluster(
            5000, 10_000, 1000, 40.0, [0.5, 1.5], {"sallygate": controller()}, {"traefik": "not installed"}
        ),
    )


def test_good_results_breach_nothing() -> None:
    assert breaches(results()) == []


def test_a_budget_that_does_not_hold_is_named_with_figure_bound_and_reason() -> None:
    found = breaches(results(own=0.85))
    assert len(found) == 6
    assert found[2] == (
        "own cost against nginx, 64 connections: 0.85 x, bound 0.4 (what is ours to save, two and a half times cheaper)"
    )


def test_a_cost_above_that_of_nginx_is_a_breach_for_bodies_and_for_connections() -> None:
    found = [line.partition(":")[0] for line in breaches(results(own=1.2))]
    assert "CPU per body against nginx, 1 MiB up" in found
    assert "connection per request against nginx, client closes" in found


def test_a_route_that_pays_for_the_annotations_of_others_is_a_breach() -> None:
    found = results()
    assert found.routes
    found.routes[BESIDE] = Instructions(2000, {"worker": 5100.0}, [])
    assert [line.partition(":")[0] for line in breaches(found)] == ["instructions beside annotations"]
    found.routes = {}
    assert breaches(found) == ["instructions beside annotations: the results hold no usable figure (bound 1.01 x)"]


def test_an_idle_connection_that_is_lost_is_a_breach() -> None:
    found = results()
    found.held = {"sallygate": Held(20_000, 1, 2000.0, 2000.0, 80_000, 2000.0)}
    assert [line.partition(":")[0] for line in breaches(found)] == [
        "idle connection of very many", "held connections lost",
    ]  # fmt: skip


@pytest.mark.parametrize("budget", BUDGETS, ids=lambda budget: str(budget.name))
def test_a_missing_figure_is_a_breach(budget: object) -> None:
    empty = Results(format=FORMAT, facts={}, settings={}, peers={}, absent={})
    names = [line.partition(":")[0] for line in breaches(empty)]
    assert getattr(budget, "name") in names  # noqa: B009


def test_figures_of_a_disturbed_run_are_not_believed() -> None:
    assert any(
        "own cost against nginx, 64 connections: the results hold no usable figure" in line
        for line in breaches(results(disturbed=True))
    )


def test_calls_of_the_host_thread_are_not_those_of_a_worker() -> None:
    found = results()
    calls = {"worker": {"recvfrom": 3.0, "sendto": 2.0, "futex": 1.0}, "host": {}}
    found.syscalls = {"sallygate": [Syscalls(64, 2000, calls)]}
    assert [line.partition(":")[0] for line in breaches(found)] == ["data calls", "other calls"]


def test_translation_that_takes_long_is_a_breach() -> None:
    found = results()
    found.micro = {"bench.scale.translation": {"cold_ms": 3500.0, "change_p99_ms": 6.0}}
    assert [line.partition(":")[0] for line in breaches(found)] == [
        "translation from cold", "translation of one change",
    ]  # fmt: skip


def test_a_failed_request_while_publishing_is_a_breach() -> None:
    found = results()
    assert isinstance(found.publish, Publish)
    found.publish = structs.replace(found.publish, background_failed=1)
    assert [line.partition(":")[0] for line in breaches(found)] == ["failed while publishing"]


def test_what_is_asked_of_an_api_server_is_counted_and_so_is_what_fails() -> None:
    found = results()
    assert isinstance(found.cluster, Cluster)
    found.cluster = structs.replace(found.cluster, controllers={"sallygate": controller(failed=1, idle=600.0)})
    assert [line.partition(":")[0] for line in breaches(found)] == ["failed while all changes", "requests when idle"]


def test_the_command_reads_a_file_and_its_exit_code_says_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "results.json"
    file.write_bytes(json.encode(results()))
    assert main([str(file)]) == 0
    file.write_bytes(json.encode(results(own=2.0)))
    assert main([str(file)]) == 1
    assert "breach: own cost against nginx, 8 connections: 2 x" in capsys.readouterr().out


def test_the_report_says_everything_there_is() -> None:
    text = markdown(results())
    for words in (
        "| sallygate | 10.0 [10.0-10.0] |",
        "own cost of sallygate above the floor, over that of [95 %]",
        "| nginx | 0.40 [0.40-0.40] |",
        "0 of 5 samples dropped",
        "## CPU across two cores",
        "| CPU µs per request, median [range] | announced | client closes |",
        "| MB per second of CPU time, median [range] | 64 KiB down | 64 KiB up | 1,024 KiB down | 1,024 KiB up |",
        "bytes of sallygate over those of [95 %]",
        "| nginx | 2.50 [2.50-2.50] |",
        "| sallygate | 20,000 | 0 | 900 | 80,000 | 2,000 |",
        "the host thread",
        "| sallygate | 64 | 4.010 | 0.040 | none | 4.050 |",
        "| 100,000 | 100,000 | 1 | 240 |",
        "publish to effect | 12.0",
        "| 5,000 Ingresses, 10,000 EndpointSlices | sallygate |",
        "| cold start with 1,000 Secrets to ready, s | 2.10 [2.10-2.10] |",
        "| Ingress created to served, ms | 40 [40-40], p99 70, n 8 |",
        "| connections and pieces per minute, frozen | 30 + 12 |",
        "0 of 90,000 + 800 (1,000 changes, 20 s)",
        "traefik: not installed. Filled in 40 s; load average before the turns 0.5-1.5.",
        "| haproxy-quiet | - | not installed |",
        "parse 900",
    ):
        assert words in text


def test_the_report_says_which_figures_are_not_to_be_believed() -> None:
    assert "Too few samples were calm" in markdown(results(disturbed=True))
