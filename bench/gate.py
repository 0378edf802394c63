"""The budgets: `python -m bench.gate RESULTS.json` says what is broken and exits 1, or says that all hold.

Bounds are ratios and counts where they can be, as those depend least on the weather of the machine. A measure that is
missing from the results is a breach too: a gate that is not looked at is open.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec import UNSET, Struct, json

from bench.manifests import BARE, BESIDE
from bench.measures.connect import WAYS
from bench.measures.syscalls import DATA, WAITS
from bench.results import Cluster, Controller, Held, Level, Lookup, Results


class Budget(Struct, frozen=True):
    """`measure` gives the figure, or None where the results do not hold it."""

    name: str
    measure: Callable[[Results], float | None]
    bound: float
    unit: str
    reason: str


def level(results: Results, connections: int) -> Level | None:
    if results.cpu is UNSET:
        return None
    return next((each for each in results.cpu if each.connections == connections), None)


def overhead(connections: int, against: str) -> Callable[[Results], float | None]:
    """Our own cost above the floor over the peer's."""

    def measure(results: Results) -> float | None:
        found = level(results, connections)
        row = found.overhead.get("sallygate", {}) if found is not None and not found.disturbed else {}
        return row[against].median if against in row else None

    return measure


def over(found: Level | None, against: str) -> float | None:
    """Our whole cost over the peer's, if the rounds were calm."""
    row = found.whole.get("sallygate", {}) if found is not None and not found.disturbed else {}
    return row[against].median if against in row else None


def whole(connections: int, against: str) -> Callable[[Results], float | None]:
    return lambda results: over(level(results, connections), against)


def transfer(size: int, way: str, against: str) -> Callable[[Results], float | None]:
    """Our CPU time for a body over the peer's."""

    def measure(results: Results) -> float | None:
        rows = [] if results.transfer is UNSET else results.transfer
        return over(next((each.level for each in rows if (each.bytes, each.way) == (size, way)), None), against)

    return measure


def connect(way: str, against: str) -> Callable[[Results], float | None]:
    """Our CPU time for a request on a connection of its own over the peer's."""
    return lambda results: over(None if results.connect is UNSET else results.connect.get(way), against)


def held(figure: Callable[[Held], float]) -> Callable[[Results], float | None]:
    """A figure of ours with very many idle connections."""

    def measure(results: Results) -> float | None:
        found = None if results.held is UNSET else results.held.get("sallygate")
        return figure(found) if found is not None else None

    return measure


def worker_calls(connections: int, *, data: bool) -> Callable[[Results], float | None]:
    """System calls of our workers per request: those that move data, or those that do neither that nor wait."""

    def measure(results: Results) -> float | None:
        if results.syscalls is UNSET:
            return None
        rows = [each for each in results.syscalls.get("sallygate", []) if each.connections == connections]
        if not rows:
            return None
        calls = rows[0].by_role.get("worker", {})
        return sum(number for name, number in calls.items() if (name in DATA if data else name not in DATA | WAITS))

    return measure


def lookup(routes: int) -> Callable[[Results], float | None]:
    """Nanoseconds among this many routes, however they are spread over hosts: the dearest spread."""

    def measure(results: Results) -> float | None:
        rows = results.lookup.lookups if isinstance(results.lookup, Lookup) else []
        return max((row.lookup_ns for row in rows if row.routes == routes), default=None)

    return measure


def lookup_growth(results: Results) -> float | None:
    few, many = lookup(1_000)(results), lookup(100_000)(results)
    return many / few if few and many else None


def publish_p99(results: Results) -> float | None:
    return results.publish.publish_to_effect_p99 if results.publish is not UNSET and results.publish else None


def publish_failed(results: Results) -> float | None:
    return results.publish.background_failed if results.publish is not UNSET and results.publish else None


def idle_bytes(results: Results) -> float | None:
    found = None if results.memory is UNSET else results.memory.get("sallygate")
    return found.pss if found is not None else None


def controller(figure: Callable[[Controller], float | None]) -> Callable[[Results], float | None]:
    """A figure of ours on the cluster."""

    def measure(results: Results) -> float | None:
        found = results.cluster.controllers.get("sallygate") if isinstance(results.cluster, Cluster) else None
        return figure(found) if found is not None else None

    return measure


def small(module: str, field: str) -> Callable[[Results], float | None]:
    """A figure of one of the small benchmarks."""

    def measure(results: Results) -> float | None:
        found = {} if results.micro is UNSET else results.micro.get(module, {})
        return float(found[field]) if field in found else None

    return measure


def instructions(against: str) -> Callable[[Results], float | None]:
    """Our instructions per request over the peer's, whole processes."""

    def measure(results: Results) -> float | None:
        found = {} if results.instructions is UNSET else results.instructions
        if "sallygate" not in found or against not in found:
            return None
        return sum(found["sallygate"].by_role.values()) / sum(found[against].by_role.values())

    return measure


def annotations_elsewhere(results: Results) -> float | None:
    """Instructions on a bare route that has every family of annotations beside it, over those without them."""
    found = {} if results.routes is UNSET else results.routes
    if BARE not in found or BESIDE not in found:
        return None
    return sum(found[BESIDE].by_role.values()) / sum(found[BARE].by_role.values())


RATIO = "x"
TRANSLATION = "bench.scale.translation"
KIB = 1024
BUDGETS = (
    *(
        Budget(
            f"own cost against {title}, {connections} connections",
            overhead(connections, peer),
            0.4,
            RATIO,
            "what is ours to save, two and a half times cheaper",
        )
        for connections in (8, 64, 512)
        for peer, title in (("nginx", "nginx"), ("haproxy", "HAProxy"))
    ),
    Budget(
        "own cost against nginx without log", overhead(64, "nginx-quiet"), 1.0, RATIO, "ahead even where it does less"
    ),
    Budget("whole cost against nginx, few connections", whole(8, "nginx"), 1.0, RATIO, "ahead at any number"),
    Budget("whole cost against nginx, many connections", whole(512, "nginx"), 1.0, RATIO, "ahead at any number"),
    *(
        Budget(
            f"CPU per body against nginx, {title} {way}",
            transfer(size, way, "nginx"),
            1.0,
            RATIO,
            "as many bytes in a second of CPU time",
        )
        for size, title in ((64 * KIB, "64 KiB"), (1024 * KIB, "1 MiB"))
        for way in ("down", "up")
    ),
    *(
        Budget(
            f"connection per request against nginx, {way}",
            connect(way, "nginx"),
            1.0,
            RATIO,
            "clients without keep-alive pay no more",
        )
        for way in WAYS
    ),
    Budget(
        "data calls", worker_calls(64, data=True), 4.1, "per request", "two receives and two sends, none tried in vain"
    ),
    Budget(
        "other calls", worker_calls(64, data=False), 0.1, "per request", "no clock, no lock, no wake-up per request"
    ),
    Budget("lookup among 100,000 routes", lookup(100_000), 300, "ns", "a host and a path, not a search"),
    Budget("lookup growth", lookup_growth, 3, RATIO, "100,000 routes against 1,000: what the caches charge, no more"),
    Budget("publish to effect", publish_p99, 50, "ms", "p99, one of 100,000 routes: work in proportion to the change"),
    Budget("failed while publishing", publish_failed, 0, "requests", "a change of configuration fails no request"),
    Budget("idle connection", idle_bytes, 1536, "bytes", "no buffer is held while nothing is said"),
    Budget("idle connection of very many", held(lambda ours: ours.pss), 1536, "bytes", "the same where it counts"),
    Budget("held connections lost", held(lambda ours: ours.lost), 0, "connections", "idle is no reason to be closed"),
    Budget(
        "control's memory", controller(lambda ours: ours.control_pss_mib), 250, "MiB", "5,000 Ingresses, 10,000 slices"
    ),
    Budget(
        "failed while all changes",
        controller(lambda ours: ours.mixed.failed),
        0,
        "requests",
        "as above, by a cluster",
    ),
    Budget(
        "requests when idle",
        controller(lambda ours: ours.idle_per_minute),
        60,
        "per minute",
        "a Lease every two seconds, and watches that are begun anew",
    ),
    Budget(
        "connections to an API server that is gone",
        controller(lambda ours: ours.killed.connections),
        120,
        "per minute",
        "its first half minute: four kinds with growing waits, and the Lease every two seconds",
    ),
    Budget(
        "translation from cold",
        small(TRANSLATION, "cold_ms"),
        2_000,
        "ms of CPU",
        "5,000 Ingresses with five annotations each, from objects to segments",
    ),
    Budget(
        "translation of one change",
        small(TRANSLATION, "change_p99_ms"),
        5,
        "ms of CPU",
        "p99, one of 5,000: work in proportion to the change",
    ),
    Budget("instructions against nginx", instructions("nginx"), 0.7, RATIO, "the same figure without any weather"),
    Budget("instructions beside annotations", annotations_elsewhere, 1.01, RATIO, "who has none pays for none"),
)


def breaches(results: Results) -> list[str]:
    """A line for every budget that does not hold."""
    found = []
    for budget in BUDGETS:
        figure = budget.measure(results)
        if figure is None:
            found.append(f"{budget.name}: the results hold no usable figure (bound {budget.bound:g} {budget.unit})")
        elif figure > budget.bound:
            found.append(f"{budget.name}: {figure:.3g} {budget.unit}, bound {budget.bound:g} ({budget.reason})")
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.gate", description="Check a results file against the budgets."
    )
    parser.add_argument("results", type=Path, help="the results.json of a run")
    results = json.decode(parser.parse_args(arguments).results.read_bytes(), type=Results)
    found = breaches(results)
    for line in found:
        print(f"breach: {line}")
    print(f"{len(BUDGETS) - len(found)} of {len(BUDGETS)} budgets hold")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
