"""Where the measurement happens: the test cluster, addresses that lead to a few local backends, and the contenders'
folders. Root and Go are needed for the cluster; what is missing is said.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from bench.child import BenchError
from bench.cluster import objects, rights
from bench.cluster.objects import Target
from bench.cluster.writing import Writer
from bench.stage import Stage
from bench.traffic import Backend, ask
from tests.cluster import build
from tests.cluster import cluster as rig
from tests.cluster.cluster import Cluster

RANGE: Final = "198.19.0.0/24"  # set aside for measurements: no network has it, and an API server takes it
ANY: Final = "0.0.0.0:0"
OFFSET: Final = 8  # third number of the range, from that of the link between machine and cluster
WORDS: Final = ("one", "two", "three", "four")  # what the backends answer


def missing() -> str | None:
    """Why this machine cannot run the cluster; None if it can."""
    try:
        rig.check()
        if build.built() is None:
            build.go()
    except build.UnavailableError as error:
        return str(error)
    return None


@contextmanager
def local_range(cluster: Cluster) -> Iterator[str]:
    """256 addresses that are this machine's own inside; the first three numbers of them.

    An API server takes no loopback addresses in a slice. These are of the range that this machine routes to the cluster
    and that nothing in there uses: whatever happens to the route, no packet leaves the machine.
    """
    first, second, third, _ = cluster.host.split(".")
    found = f"{first}.{second}.{int(third) + OFFSET}"
    route = ["local", f"{found}.0/24", "dev", "lo"]
    subprocess.run(["ip", "route", "replace", *route], check=True)
    try:
        yield found
    finally:
        subprocess.run(["ip", "route", "del", *route], check=False)


@contextmanager
def backends(stage: Stage, found: str) -> Iterator[tuple[Target, ...]]:
    """One for each word, listening on every address of the range; each has answered there."""
    with ExitStack() as stack:
        made = (Backend(stage.tools, stage.fresh("backend"), core=None, text=word, listen=ANY) for word in WORDS)
        running = [stack.enter_context(each) for each in made]
        targets = tuple(Target(found, int(each.address.rpartition(":")[2])) for each in running)
        for target, word in zip(targets, WORDS, strict=True):
            body = ask(f"{target.address(200)}:{target.port}", "/")[1]
            if not body.startswith(word.encode()):
                raise BenchError(f"the backend {word} does not answer at {target.address(200)}, but {body[:40]!r}")
        yield targets


class Ground:
    def __init__(self, stage: Stage, cluster: Cluster, writer: Writer, targets: tuple[Target, ...]) -> None:
        self.stage = stage
        self.cluster = cluster
        self.writer = writer
        self.targets = targets
        self.placed = 0
        """The backend that the probed slice names."""

    @property
    def server(self) -> str:
        return f"https://{self.cluster.state.node}:{rig.PORT}"

    async def kubeconfig(self, name: str, folder: Path) -> Path:
        """For the service account of a contender."""
        path, body = rights.token_request(name)
        made = await self.writer.send("POST", path, body)
        file = folder / "kubeconfig"
        rights.write_kubeconfig(file, self.server, self.cluster.folder / "pki/ca.crt", made["status"]["token"])
        return file

    async def fill(self, names: list[str], ingresses: int) -> None:
        """What is there already, stays; but every slice leads to the backends of this run."""
        for step in (objects.frame(), rights.accounts(names)):
            await self.writer.create_all(step)
        first = next(iter(objects.slices(0, self.targets)))
        if await self.writer.get(first) is not None:
            raise BenchError("the cluster was filled by another run: `python -m tests.cluster down` ends it")
        await self.writer.create_all(objects.population(ingresses, self.targets))
        await self.writer.create_all(objects.probed(self.targets[0]))

    async def secure(self, count: int) -> None:
        """Give the first Ingresses a Secret each."""
        wanted = [(f"app-{number}-tls", objects.namespace(number), objects.host(number)) for number in range(count)]
        made = [await asyncio.to_thread(objects.secret, *each) for each in wanted]
        await self.writer.create_all(made)
        await self.writer.patch_all(
            (
                objects.ingress(f"app-{number}", where, name, f"app-{number}"),
                {"spec": {"tls": [{"hosts": [name], "secretName": f"app-{number}-tls"}]}},
            )
            for number, (_, where, name) in enumerate(wanted)
        )


@asynccontextmanager
async def ground(stage: Stage) -> AsyncIterator[Ground]:
    """A cluster that ends with this process, if none of this tree runs already."""
    with rig.user():
        stage.say("cluster: starting the test cluster")
        cluster = await asyncio.to_thread(lambda: rig.up(build.build(), with_last_user=True))
        with local_range(cluster) as found, backends(stage, found) as targets:
            async with Writer(f"https://{cluster.state.node}:{rig.PORT}", cluster.folder / "pki") as writer:
                yield Ground(stage, cluster, writer, targets)
