"""All that tells the cluster something, put together: election, status, Events. Decides nothing.

The control process makes one when it watches a cluster, and calls, from its event loop:

- `offered(root, changes)` after each translation, with the root to publish and `Translator.take_served()`;
- `accepted(root)` when the data plane has acknowledged one;
- `changed()` when Ingresses came, changed (their status, too) or left;
- `judged(standing)` when what stands may be different, with who gives it;
- `run()` in a task, and `end()` after that was cancelled, while the client is still open.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from msgspec import Struct

from gateway.base.clock import Clock
from gateway.kube.client import Client
from gateway.kube.events import Recorder
from gateway.kube.lease import Elector
from gateway.settings.election import ElectionSettings
from gateway.settings.status import StatusPace, StatusSettings
from gateway.status.coverage import Coverage, Name
from gateway.status.ingresses import StoredIngresses
from gateway.status.notices import notices
from gateway.status.replicas import Replicas
from gateway.status.reporter import Reporter
from gateway.status.whereabouts import Named, PodNodes, PublishedService, Whereabouts
from gateway.status.writer import Writer
from gateway.verdicts.verdict import ObjectRef, Verdict

BURST: Final = 0.3  # seconds from a verdict that is new to the look at all of them


class Identity(Struct, frozen=True):
    """Who we are. `pod` (POD_NAME) is empty outside of a cluster. `unique` differs in every process: a uuid."""

    namespace: str
    pod: str
    unique: str

    def __str__(self) -> str:
        return f"{self.pod or 'sallygate'}_{self.unique}"


class Surroundings(NamedTuple):
    """What is passed in: time, randomness, and where lines go."""

    clock: Clock
    wall: Callable[[], datetime]
    """The time in UTC, for people."""
    uniform: Callable[[], float]
    say: Callable[[str], None]


class Spokesman:
    """`uid_of` is the uid of an object that exists, or empty."""

    def __init__(
        self,
        client: Client,
        identity: Identity,
        status: StatusSettings,
        election: ElectionSettings,
        *,
        ingresses: StoredIngresses,
        uid_of: Callable[[ObjectRef], str],
        around: Surroundings,
    ) -> None:
        clock, wall, uniform, say = around
        self._status = status
        self._uid_of = uid_of
        self._clock = clock
        self._standing: Callable[[], Iterable[Verdict]] = tuple
        self._judged = asyncio.Event()
        self._elector: Elector | None = None
        if not election.disable_leader_election:
            self._elector = Elector(
                client,
                election,
                namespace=identity.namespace,
                identity=str(identity),
                clock=clock,
                wall=wall,
                uniform=uniform,
                say=say,
                changed=self._lead,
            )
        self._coverage = Coverage()
        replicas = Replicas(client, identity.namespace, identity.pod)
        self._whereabouts = _whereabouts(client, replicas, status, around)
        self.reporter = Reporter(
            Writer(client, StatusPace(), clock=clock, say=say),
            status,
            served=ingresses.served,
            find=ingresses.find,
            coverage=self._coverage,
            leading=self.leading,
            alone=replicas.alone,
            clock=clock,
            uniform=uniform,
            say=say,
        )
        self.recorder = Recorder(
            client,
            instance=identity.pod or "sallygate",
            leading=self.leading,
            clock=clock,
            wall=wall,
            uniform=uniform,
            say=say,
        )

    def leading(self) -> bool:
        """Without an election nobody leads."""
        return self._elector is not None and self._elector.leading

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if self._elector is not None:
                tasks.create_task(self._elector.run(), name="election")
                tasks.create_task(self.reporter.run(), name="status")
                tasks.create_task(self.recorder.run(), name="events")
                tasks.create_task(self._tell(), name="what stands")
                if self._status.update_status:
                    tasks.create_task(self._whereabouts.run(self.reporter.located), name="whereabouts")
            await asyncio.Event().wait()

    async def end(self) -> None:
        """Takes addresses out if we are the last, then gives the Lease back. Bounded in time."""
        if self._elector is None:
            return
        if self.leading():
            renewing = asyncio.create_task(self._elector.run())  # it may take longer than the Lease holds
            try:
                await self.reporter.finish()
            finally:
                renewing.cancel()
                await asyncio.gather(renewing, return_exceptions=True)
        await self._elector.resign()

    # --- what the pipeline tells ---

    def offered(self, root: bytes, changes: Mapping[Name, bool]) -> None:
        if self._coverage.offered(root, changes):
            self.reporter.look()

    def accepted(self, root: bytes) -> None:
        if self._coverage.accepted(root):
            self.reporter.look()

    def changed(self) -> None:
        self.reporter.look()

    def judged(self, standing: Callable[[], Iterable[Verdict]]) -> None:
        """`standing` is asked a little later, once for a burst: to look at thousands takes longer than to serve a
        change.
        """
        self._standing = standing
        self._judged.set()

    async def _tell(self) -> None:
        while self._status.events:
            await self._judged.wait()
            await self._clock.sleep(BURST)
            self._judged.clear()
            self.recorder.tell(notices(self._standing(), self._uid_of))

    def _lead(self, leads: bool) -> None:
        self.recorder.lead(leads)
        self.reporter.look()


def _whereabouts(client: Client, replicas: Replicas, status: StatusSettings, around: Surroundings) -> Whereabouts:
    if status.publish_status_address:
        return Named(status.publish_status_address)
    if status.publish_service is not None:
        return PublishedService(
            client, status.publish_service, clock=around.clock, uniform=around.uniform, say=around.say
        )
    return PodNodes(
        client,
        replicas,
        internal=status.report_node_internal_ip_address,
        interval=status.status_update_interval,
        clock=around.clock,
        say=around.say,
    )
