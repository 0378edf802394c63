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

HOLDERS = 4  # processes that hold them, each from an address of its own
SPARE_FILES = 600  # of a contender: listeners, logs, the upstream side, and the connections with requests
SHARE = 0.5  # of the files that may be idle connections: ours keeps the others free, and sheds before it comes to that
PASSING = 64  # connections with requests meanwhile


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
    files = raise_files(int(connections / SHARE) + SPARE_FILES)
    wanted = min(connections, int(files * SHARE) - SPARE_FILES)
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
