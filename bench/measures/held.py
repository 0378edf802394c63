"""Very many idle connections held, while requests pass on others.

The connections come from several loopback addresses, as one has ports for some 28,000 to the same place. A process may
have as many files open as its limit says: it is raised as far as the machine lets us, and fewer connections are held
where that is not enough. At the end each of the held ones must answer once more.
"""

import resource
from contextlib import ExitStack

from bench.accounts import memory
from bench.child import BenchError
from bench.peers import Peer
from bench.results import Held
from bench.stage import Stage
from bench.traffic import Holder, Load
from gateway.dataplane.settings import CONNECTION_SHARE

HOLDERS = 4  # processes that hold them, each from an address of its own
PASSING = 64  # connections with requests meanwhile
SERVED = 2 * PASSING  # files that it takes to serve those, of clients and upstreams
PROBES = 36  # connections of whoever looks on
KEPT_PER_CENT = 85  # of the files that ours gives to connections idle clients may have; from there on they make room


def raise_files(wanted: int) -> int:
    """Raises the number of files that we and our children may open, if we may. Says what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in ((max(soft, wanted), max(hard, wanted)), (min(max(soft, wanted), hard), hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
        except (ValueError, OSError):
            continue
        break
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def holdable(files: int) -> int:
    """How many idle connections ours keeps with so many files, beside those that ask. Nothing else bounds it: those who
    hold them are processes of their own, and the backend has the 64 that requests pass on.
    """
    return files * CONNECTION_SHARE // 100 * KEPT_PER_CENT // 100 - SERVED - PROBES


def files_for(connections: int) -> int:
    """How many files it takes for that."""
    return -(-(connections + SERVED + PROBES + 1) * 10_000 // (CONNECTION_SHARE * KEPT_PER_CENT)) + 2


def hold(stage: Stage, peer: Peer, wanted: int, seconds: float) -> Held:
    with stage.backend() as backend, stage.running(peer, backend) as running, ExitStack() as holders:
        with Load(stage.tools, stage.folder, running.address, connections=PASSING, core=None, seconds=seconds) as load:
            load.begin()
            if complaint := load.outcome().complaint():
                raise BenchError(f"{peer.name}: {complaint}")
            before = memory(running.pid)
            holding = [
                holders.enter_context(
                    Holder(
                        stage.tools, stage.folder, running.address,
                        connections=wanted // HOLDERS, source=f"127.0.0.{2 + number}",
                    )
                )
                for number in range(HOLDERS)
            ]  # fmt: skip
            after = memory(running.pid)
            load.begin()
            outcome = load.outcome()
            if complaint := outcome.complaint():
                raise BenchError(f"{peer.name}, with {wanted:,} connections held: {complaint}")
        held = wanted // HOLDERS * HOLDERS
        return Held(
            held=held,
            lost=held - sum(each.ask() for each in holding),
            pss=(after["Pss"] - before["Pss"]) * 1024 / held,
            rss=(after["Rss"] - before["Rss"]) * 1024 / held,
            requests=outcome.requests,
            p99_us=outcome.latency_us["p99"],
        )


def measure(stage: Stage, peers: list[Peer], connections: int, seconds: float) -> dict[str, Held]:
    files = raise_files(files_for(connections))
    wanted = min(connections, holdable(files))
    if wanted < connections:
        stage.say(
            f"held: a process may open {files:,} files here, so {wanted:,} connections instead of {connections:,}"
        )
    found = {}
    for peer in peers:
        stage.say(f"held: {peer.name}")
        try:
            found[peer.name] = hold(stage, peer, wanted, seconds)
        except BenchError as error:
            if peer.name == "sallygate":
                raise
            stage.say(f"held: {error}")  # what another cannot hold is a result, and none of the others' business
    return found
