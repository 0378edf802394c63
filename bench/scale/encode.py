"""What the tree of segments costs: a first encode of everything, and one changed route. Prints JSON.

`python -m bench.scale.encode [HOSTS [PATHS]]`, 10,000 hosts with 10 paths each if not told otherwise. Figures are
medians of process CPU time, with the work counted beside them, as counts hold on every machine.
"""

import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

from gateway.encode.diff import describe
from gateway.encode.tree import Tree
from gateway.ir.backend import Backend, Endpoint
from gateway.ir.changes import Changes
from gateway.ir.ids import BackendId, RouteId
from gateway.ir.listener import Listener, Protocol
from gateway.ir.match import Prefix
from gateway.ir.policy import Policy, Timeouts
from gateway.ir.route import Forward, HostTable, Route

LISTENERS = (Listener("http", Protocol.HTTP, "main"), Listener("https", Protocol.HTTPS, "main"))
POLICIES = tuple(Policy(timeouts=Timeouts(read_ms=1_000 * (number + 1))) for number in range(20))
COLD_ROUNDS = 3
CHANGE_ROUNDS = 200


def table(number: int, paths: int, version: int = 0) -> HostTable:
    name = f"app-{number}"
    backend = BackendId("default", name, "80")
    policy = POLICIES[number % len(POLICIES)]
    routes = tuple(
        Route(
            RouteId("Ingress", "default", name, 0, index),
            Prefix(f"/path-{index}" if index or not version else f"/changed-{version}"),
            Forward(backend),
            policy,
            f"/path-{index}",
        )
        for index in range(paths)
    )
    return HostTable(f"{name}.example.com", routes)


def backend(number: int) -> Backend:
    endpoints = tuple(Endpoint(f"10.{number >> 8 & 255}.{number & 255}.{index}", 8080) for index in range(1, 4))
    return Backend(BackendId("default", f"app-{number}", "80"), endpoints)


def whole(hosts: int, paths: int) -> Changes:
    tables = (table(number, paths) for number in range(hosts))
    return Changes(
        {("main", one.host): one for one in tables},
        {one.id: one for one in map(backend, range(hosts))},
        {},
        LISTENERS,
        None,
    )


def timed(action: Callable[[], object]) -> float:
    """Milliseconds of CPU."""
    began = time.process_time()
    action()
    return (time.process_time() - began) * 1_000


def measure(hosts: int, paths: int) -> dict[str, object]:
    everything = whole(hosts, paths)
    cold = [timed(lambda: Tree().apply(everything)) for _ in range(COLD_ROUNDS)]

    tree = Tree()
    tree.apply(everything)
    size = sum(len(tree.pool[digest]) for digest in tree.missing(None, tree.root or b""))
    encoded, hashed = tree.pool.encoded, tree.pool.hashed_bytes
    change, difference, words = [], [], []
    for round_number in range(1, CHANGE_ROUNDS + 1):
        one = table(round_number * 37 % hosts, paths, round_number)
        step = Changes({("main", one.host): one}, {}, {}, LISTENERS, None)
        before = tree.root or b""
        tree.hold(before)
        change.append(timed(lambda step=step: tree.apply(step)))  # type: ignore[misc]
        difference.append(timed(lambda before=before: tree.missing(before, tree.root or b"")))  # type: ignore[misc]
        words.append(timed(lambda before=before: describe(tree.pool, before, tree.root or b"")))  # type: ignore[misc]
        tree.drop(before)

    tracemalloc.start()
    kept = Tree()
    kept.apply(everything)
    memory, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {
        "hosts": hosts,
        "paths_per_host": paths,
        "segments": len(tree.pool),
        "segment_bytes": size,
        "tree_memory_bytes": memory,
        "cold_encode_cpu_ms": statistics.median(cold),
        "one_route": {
            "apply_cpu_ms": statistics.median(change),
            "missing_cpu_ms": statistics.median(difference),
            "words_cpu_ms": statistics.median(words),
            "segments_encoded": (tree.pool.encoded - encoded) / CHANGE_ROUNDS,
            "bytes_hashed": (tree.pool.hashed_bytes - hashed) / CHANGE_ROUNDS,
        },
    }


def main(arguments: list[str]) -> None:
    hosts, paths = (
        (int(text) for text in (*arguments, "10000", "10")[:2]) if len(arguments) != 1 else (int(arguments[0]), 10)
    )
    json.dump(measure(hosts, paths), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
