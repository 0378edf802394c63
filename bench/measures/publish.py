"""One route of very many changes: how long until every worker serves it, and whether any request fails meanwhile.

The two roles run as commands of their own, with a relay on the socket between them that notes when control speaks. An
edit replaces one file of a folder; connections that were opened before, enough to be spread over all workers, ask for
the changed route until each of them has seen the change. A background load asks for another route.
"""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

from bench.child import Child, free_port, split_address
from bench.manifests import ManyRoutes
from bench.peers.sallygate import UNENDING, program
from bench.probing import Probes, turns_into
from bench.relay import Relay
from bench.results import Publish
from bench.spread import quantile, spread
from bench.stage import Stage
from bench.traffic import Load, Request, ask

PROBES = 12  # connections; that all of them are on one of two workers has a chance of 1 in 2,048
LOAD = 4  # connections of the background load
START = 300  # seconds in which the whole folder must be served
EFFECT = 30  # seconds in which an edit must be served
SERVICES = ("one", "two")


class Gateway:
    """The two roles, started on a folder."""

    def __init__(self, stage: Stage, routes: ManyRoutes, workers: int, stack: ExitStack) -> None:
        backends = {name: stack.enter_context(stage.backend(name)) for name in SERVICES}
        folder = stage.fresh("publish")
        front, back = folder / "control", folder / "dataplane"
        for place in (front, back):
            place.mkdir(mode=0o700)
        self.address = f"127.0.0.1:{free_port()}"
        options = {
            "state-dir": back,
            "workers": workers,
            "bind-address": "127.0.0.1",
            "http-port": split_address(self.address)[1],
            "https-port": free_port(),
            "healthz-port": free_port(),
            "access-log": folder / "access.log",
            **UNENDING,
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        data_plane = self._start("dataplane", words, folder, stack)
        data_plane.wait_for((back / "dataplane.sock").exists, START, "make its socket")
        self.relay = stack.enter_context(Relay(front / "dataplane.sock", back / "dataplane.sock"))
        maps = [f"--map=default/{name}={backend.address}" for name, backend in backends.items()]
        started = time.monotonic()
        control = self._start("control", [f"--state-dir={front}", *maps, "--", str(routes.folder)], folder, stack)
        self.host = routes.host(routes.changing)
        control.wait_for(self._served, START, "publish the folder")
        self.start_seconds = time.monotonic() - started

    def _start(self, role: str, words: list[str], folder: Path, stack: ExitStack) -> Child:
        return stack.enter_context(
            Child(role, [str(program()), role, *words], folder, stdout=folder / f"{role}.stdout")
        )

    def _served(self) -> bool:
        try:
            return ask(self.address, "/probe", self.host)[0] == 200
        except OSError:
            return False


def measure(stage: Stage, *, routes: int, edits: int, workers: int) -> Publish:
    return asyncio.run(_measure(stage, routes, edits, workers))


async def _measure(stage: Stage, routes: int, edits: int, workers: int) -> Publish:
    stage.say(f"publish: a folder of {routes} routes")
    folder = ManyRoutes(stage.fresh("routes") / "manifests", routes)
    whole, published = [], []
    with ExitStack() as stack:
        gateway = Gateway(stage, folder, workers, stack)
        stage.say(f"publish: served after {gateway.start_seconds:.1f} s; {edits} edits")
        load = stack.enter_context(
            Load(
                stage.tools,
                stage.folder,
                gateway.address,
                connections=LOAD,
                core=None,
                request=Request(host=folder.host(0), path="/probe"),
            )
        )
        probes = await Probes.to(gateway.address, PROBES)
        stack.callback(probes.close)
        load.begin()
        for number in range(edits):
            wanted = SERVICES[(number + 1) % 2]
            seen = probes.begin(gateway.host, turns_into(wanted.encode()), "/probe")
            edited = time.monotonic()
            folder.change(wanted)
            effect = await seen.answered(EFFECT, "an edit")
            whole.append((effect - edited) * 1000)
            spoke = gateway.relay.first_after(edited)
            if spoke is not None:
                published.append((effect - spoke) * 1000)
        load.end()
        outcome = load.outcome()
    failed = sum(outcome.errors.values()) + sum(n for status, n in outcome.statuses.items() if status != "200")
    return Publish(
        routes=folder.hosts * folder.routes_per_host,
        workers=workers,
        edits=edits,
        start_seconds=gateway.start_seconds,
        edit_to_effect=spread(whole),
        edit_to_effect_p99=quantile(whole, 0.99),
        publish_to_effect=spread(published) if published else None,
        publish_to_effect_p99=quantile(published, 0.99) if published else None,
        background_requests=outcome.requests,
        background_failed=failed + outcome.reconnects,
    )
