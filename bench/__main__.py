"""`python -m bench`: everything side by side in one command, or one measure of it."""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import UNSET, Struct, json, structs

from bench import facts, plot, profiling, report, toolchain
from bench.child import BenchError
from bench.cluster.amount import Amount
from bench.cluster.contenders import CONTENDERS
from bench.cluster.contenders import USUAL as CONTROLLERS
from bench.measures import (
    connect,
    cpu,
    held,
    instructions,
    lookup,
    memory,
    micro,
    misses,
    publish,
    syscalls,
    transfer,
    work,
)
from bench.measures.rounds import Rounds
from bench.peers import DISTINCT, PEERS, USUAL, Peer
from bench.peers.sallygate import build
from bench.results import FORMAT, Results
from bench.stage import Stage, present, stage

PATIENCE = 5  # times the wanted rounds, until as many samples of everyone are calm


class Size(Struct, frozen=True):
    """How much of everything."""

    levels: tuple[int, ...] = (8, 64, 512)
    rounds: int = 16
    seconds: float = 0.5
    patience: int = PATIENCE  # times the rounds, at most, until enough of them are calm
    crossed_levels: tuple[int, ...] = (64, 512)
    connect_connections: int = 64
    transfer_bytes: tuple[int, ...] = (64 * 1024, 1024 * 1024)
    transfer_connections: int = 8
    syscall_requests: int = 2000
    instruction_requests: int = 2000
    miss_requests: int = 8000
    lookup_runs: int = 5
    publish_routes: int = 100_000
    publish_edits: int = 50
    publish_workers: int = 2
    idle_connections: int = 6000
    held_connections: int = 20_000
    held_seconds: float = 3.0
    work_requests: int = 1000
    cluster: Amount = Amount()


# Enough to see that everything runs; its figures mean nothing.
QUICK = Size(
    levels=(2, 8),
    rounds=1,
    seconds=0.1,
    patience=1,
    syscall_requests=50,
    instruction_requests=20,
    miss_requests=20,
    lookup_runs=1,
    publish_routes=200,
    publish_edits=2,
    crossed_levels=(8,),
    connect_connections=8,
    transfer_bytes=(64 * 1024,),
    transfer_connections=2,
    idle_connections=50,
    held_connections=80,
    held_seconds=0.1,
    work_requests=50,
    cluster=Amount(ingresses=50, secrets=20, rounds=1, repeats=2, changes=20, settled=0.5, watched=2),
)


class Run:
    """One run: which measures, over whom, how much."""

    def __init__(self, ground: Stage, peers: list[Peer], size: Size, seed: int, controllers: list[str]) -> None:
        self.ground = ground
        self.peers = peers
        self.size = size
        self.seed = seed
        self.controllers = controllers
        self.ours = any(peer.name == "sallygate" for peer in peers)
        self.distinct = [peer for peer in peers if peer.name in DISTINCT]
        # The floor opens an upstream connection for each of a client, and so is none where connections are the matter.
        self.proxies = [peer for peer in self.distinct if peer.name != "floor"]

    @property
    def rounds(self) -> Rounds:
        size = self.size
        return Rounds(size.rounds, size.seconds, size.patience, self.seed)

    def work(self, results: Results) -> None:
        results.work = work.measure(self.ground, self.peers, self.size.work_requests)

    def cpu(self, results: Results) -> None:
        results.cpu = cpu.measure(self.ground, self.peers, self.size.levels, self.rounds)

    def crossed(self, results: Results) -> None:
        results.crossed = cpu.crossed(self.ground, self.distinct, self.size.crossed_levels, self.rounds)

    def connect(self, results: Results) -> None:
        results.connect = connect.measure(self.ground, self.proxies, self.size.connect_connections, self.rounds)

    def transfer(self, results: Results) -> None:
        size = self.size
        results.transfer = transfer.measure(
            self.ground, self.distinct, size.transfer_bytes, size.transfer_connections, self.rounds
        )

    def syscalls(self, results: Results) -> None:
        results.syscalls = syscalls.measure(
            self.ground, self.peers, levels=(1, 64), requests=self.size.syscall_requests
        )

    def instructions(self, results: Results) -> None:
        # Envoy takes minutes below valgrind to print its version.
        peers = [peer for peer in self.distinct if peer.name != "envoy"]
        results.instructions = instructions.measure(self.ground, peers, self.size.instruction_requests)
        if self.ours:
            results.routes = instructions.routes(self.ground, self.size.instruction_requests)
        results.replay = instructions.replay(self.ground)

    def misses(self, results: Results) -> None:
        size = self.size
        ours = [peer for peer in self.distinct if peer.name in misses.COUNTED]
        results.misses = misses.measure(self.ground, ours, size.levels, size.miss_requests)

    def lookup(self, results: Results) -> None:
        results.lookup = lookup.measure(self.ground, self.size.lookup_runs)

    def publish(self, results: Results) -> None:
        size = self.size
        results.publish = None
        if self.ours:
            results.publish = publish.measure(
                self.ground, routes=size.publish_routes, edits=size.publish_edits, workers=size.publish_workers
            )

    def memory(self, results: Results) -> None:
        results.memory = memory.measure(self.ground, self.distinct, self.size.idle_connections)

    def held(self, results: Results) -> None:
        size = self.size
        results.held = held.measure(self.ground, self.proxies, size.held_connections, size.held_seconds)

    def micro(self, results: Results) -> None:
        results.micro = micro.measure(self.ground)

    def cluster(self, results: Results) -> None:
        results.cluster = None
        if not self.ours:
            return
        try:
            from bench.measures import cluster  # noqa: PLC0415 -- needs what the tests of a cluster need
        except ImportError as error:
            self.ground.say(f"cluster: {error}: `pip install --group test`")
            return
        results.cluster = cluster.measure(self.ground, self.size.cluster, self.controllers, self.seed)

    def measures(self) -> dict[str, Callable[[Results], None]]:
        return {name: getattr(self, name) for name in MEASURES}


MEASURES = (
    "work",
    "cpu",
    "crossed",
    "connect",
    "transfer",
    "syscalls",
    "instructions",
    "misses",
    "lookup",
    "publish",
    "memory",
    "held",
    "micro",
    "cluster",
)


def incomplete(results: Results) -> list[str]:
    """What a full run must hold and this one does not."""
    gaps = [f"{name} did not run" for name in MEASURES if getattr(results, name) is UNSET]
    if results.cpu is not UNSET:
        for level in results.cpu:
            gaps += [
                f"cpu: no figure of {name} at {level.connections} connections"
                for name in results.peers
                if name not in level.cpu_us
            ]
    for name in ("syscalls", "work"):
        held = getattr(results, name)
        if held is not UNSET:
            gaps += [f"{name}: nothing of {peer}" for peer in results.peers if held and peer not in held]
    rows = [each.level for each in results.transfer] if results.transfer else []
    for name, levels in (("connect", [*results.connect.values()] if results.connect else []), ("transfer", rows)):
        held_names = {peer for each in levels for peer in each.cpu_us}
        gaps += [
            f"{name}: no figure of {peer}"
            for peer in results.peers
            if levels and peer in DISTINCT - {"floor"} and peer not in held_names
        ]
    if "sallygate" in results.peers and not results.publish:
        gaps.append("publish: nothing was measured")
    return gaps


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "measure", nargs="?", default="all", choices=("all", *MEASURES, "profile"), help="one measure (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="a smoke test: everything runs, no figure means anything")
    parser.add_argument("--peers", default=",".join(USUAL), help=f"of {', '.join(PEERS)} (default: %(default)s)")
    parser.add_argument("--core", type=int, default=max(facts.usable_cores()), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, help="calm rounds at each number of connections")
    parser.add_argument("--seconds", type=float, help="of one turn; with `profile`, of sampling")
    parser.add_argument("--connections", help="numbers of connections, with commas between")
    parser.add_argument("--routes", type=int, help="for publish")
    parser.add_argument("--edits", type=int, help="for publish")
    parser.add_argument(
        "--controllers", default=",".join(CONTROLLERS), help=f"for cluster, of {', '.join(CONTENDERS)} (%(default)s)"
    )
    parser.add_argument("--top", type=int, default=40, help="symbols that `profile` prints")
    parser.add_argument("--seed", type=int, default=1, help="of the bootstrap")
    parser.add_argument("--output", type=Path, help="folder of the results (default: bench/results/local/DATE)")
    given = parser.parse_args()
    given.peers = [name for name in given.peers.split(",") if name]
    given.controllers = [name for name in given.controllers.split(",") if name]
    if unknown := [name for name in given.controllers if name not in CONTENDERS]:
        parser.error(f"--controllers: there is no {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
    if unknown := [name for name in given.peers if name not in PEERS]:
        parser.error(f"--peers: there is no {', '.join(unknown)}; there are {', '.join(PEERS)}")
    if given.core not in facts.usable_cores():
        parser.error(f"--core {given.core}: this process may use {sorted(facts.usable_cores())}")
    return given


def sized(given: argparse.Namespace) -> Size:
    size = QUICK if given.quick else Size()
    return structs.replace(
        size,
        levels=tuple(int(word) for word in given.connections.split(",")) if given.connections else size.levels,
        rounds=given.rounds or size.rounds,
        seconds=given.seconds or size.seconds,
        publish_routes=given.routes or size.publish_routes,
        publish_edits=given.edits or size.publish_edits,
    )


def measure(given: argparse.Namespace, ground: Stage) -> tuple[Results, int]:
    """The results, and how many measures failed: half an hour of the others is not thrown away for one."""
    peers, absent = present(given.peers)
    for name, reason in absent.items():
        ground.say(f"{name}: {reason}")
    size = sized(given)
    run = Run(ground, peers, size, given.seed, given.controllers)
    results = Results(
        format=FORMAT,
        facts=facts.gather([peer.name for peer in peers], given.core),
        settings={"quick": given.quick, "seed": given.seed, **json.decode(json.encode(size))},
        peers={peer.name: peer.title for peer in peers},
        absent=absent,
    )
    failed = 0
    for name, step in run.measures().items():
        if given.measure in {"all", name}:
            try:
                step(results)
            except BenchError as error:
                ground.say(f"{name}: {error}")
                failed += 1
            if given.output:
                store(results, given.output)  # whoever stops a long run has what was measured so far
    return results, failed


def store(results: Results, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_bytes(json.format(json.encode(results), indent=1) + b"\n")


def keep(results: Results, folder: Path) -> None:
    store(results, folder)
    (folder / "results.md").write_text(report.markdown(results))
    plot.draw(results, folder / "cpu.svg")


def main() -> int:
    given = arguments()
    about = build()
    if about is not None and about.get("profile") == "dev" and not given.quick and "sallygate" in given.peers:
        print(
            "bench: the installed sallygate is a dev build; `SALLYGATE_PROFILE=release pip install .`", file=sys.stderr
        )
        return 2
    try:
        with stage(toolchain.tools(), given.core) as ground:
            if given.measure == "profile":
                name = "sallygate" if "sallygate" in given.peers else given.peers[0]
                print(profiling.profile(ground, name, given.seconds or 8, given.top), end="")
                return 0
            results, failed = measure(given, ground)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(report.markdown(results), end="")
    now = datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
    folder = given.output or toolchain.ROOT / "bench/results/local" / now
    keep(results, folder)
    print(f"bench: kept in {folder}", file=sys.stderr)
    if given.measure == "all" and (gaps := incomplete(results)):
        print("\n".join(f"bench: incomplete: {gap}" for gap in gaps), file=sys.stderr)
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
