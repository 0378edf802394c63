"""Two whole replicas on one API server: who writes, what happens when the leader ends or hangs, and what is left."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gateway.kube.client import Client
from gateway.objects.ingress import Ingress
from gateway.objects.meta import ObjectKey
from gateway.settings.cluster import ClusterSettings
from gateway.settings.election import ElectionSettings
from gateway.settings.status import StatusSettings
from gateway.status.ingresses import StoredIngresses
from gateway.status.spokesman import Identity, Spokesman, Surroundings
from gateway.store.events import Upsert
from gateway.store.store import Store
from gateway.verdicts.verdict import ObjectRef, Severity, Verdict
from tests.support.api_store import Name
from tests.support.fake_api_server import FakeApiServer, serving
from tests.support.stalling_relay import relaying
from tests.support.virtual_time import LoopClock, run_virtually

SHOP = ("default", "shop")


class Replica:
    def __init__(self, server: FakeApiServer, client: Client, pod: str, election: ElectionSettings) -> None:
        self.server = server
        self.store = Store()
        self.lines: list[str] = []
        loop = asyncio.get_running_loop()
        wall = datetime(2030, 1, 1, tzinfo=UTC)
        self.spokesman = Spokesman(
            client,
            Identity("infra", pod, f"unique-{pod}"),
            StatusSettings(publish_status_address=("192.0.2.1",)),
            election,
            ingresses=StoredIngresses(self.store, lambda: [SHOP]),
            uid_of=lambda subject: "uid" if subject.name == "shop" else "",
            around=Surroundings(
                LoopClock(), lambda: wall + timedelta(seconds=loop.time()), lambda: 0.5, self.lines.append
            ),
        )
        self.task = asyncio.create_task(self.spokesman.run())

    def serve(self) -> None:
        """As the pipeline does, with a verdict on what it serves."""
        self.see()
        self.spokesman.offered(b"root", {SHOP: True})
        self.spokesman.accepted(b"root")
        subject = ObjectRef("Ingress", *SHOP)
        verdict = Verdict("GW240", Severity.ERROR, subject, "spec", "", "no such Service", "create it")
        self.spokesman.judged(lambda: [verdict])

    def see(self) -> None:
        ingress = msgspec.convert(self.server.store.objects[Name("Ingress", *SHOP)], Ingress)
        self.store.apply([Upsert(ObjectKey("Ingress", *SHOP), ingress)])
        self.spokesman.changed()

    async def stop(self, *, end: bool = True) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task
        if end:
            await self.spokesman.end()


class Cluster:
    def __init__(self, server: FakeApiServer) -> None:
        self.server = server
        self.stack = contextlib.AsyncExitStack()
        server.apply("Ingress", "shop", spec={"ingressClassName": "nginx"})

    async def start(self, pod: str, url: str = "", election: ElectionSettings | None = None) -> Replica:
        self.pod(pod)
        url = url or self.server.url
        client = await Client.connect(ClusterSettings(apiserver_host=url), clock=LoopClock(), environ={})
        self.stack.push_async_callback(client.close)
        replica = Replica(self.server, client, pod, election or ElectionSettings())
        self.stack.push_async_callback(replica.stop, end=False)
        replica.serve()
        return replica

    def pod(self, name: str, **meta: str) -> None:
        self.server.apply(
            "Pod", name, "infra", metadata={"labels": {"app": "gate"}, **meta}, status={"phase": "Running"}
        )

    @property
    def addresses(self) -> list[dict[str, Any]]:
        status = self.server.store.objects[Name("Ingress", *SHOP)].get("status", {})
        found: list[dict[str, Any]] = status.get("loadBalancer", {}).get("ingress", [])
        return found

    @property
    def writes(self) -> tuple[int, int]:
        requests = self.server.requests
        return requests["patch", "ingresses"], requests["create", "events"]

    @property
    def holder(self) -> str:
        spec = self.server.store.objects[Name("Lease", "infra", "ingress-controller-leader")]["spec"]
        return str(spec["holderIdentity"])


@contextlib.asynccontextmanager
async def cluster() -> AsyncIterator[Cluster]:
    async with serving() as server:
        it = Cluster(server)
        async with it.stack:
            yield it


def test_one_of_two_writes_and_the_other_takes_over_at_the_end() -> None:
    async def main() -> None:
        async with cluster() as it:
            first = await it.start("gate-0")
            await asyncio.sleep(5)
            second = await it.start("gate-1")
            await asyncio.sleep(120)
            assert it.addresses == [{"ip": "192.0.2.1"}]
            assert it.writes == (1, 1)
            assert it.holder == "gate-0_unique-gate-0"
            second.see()
            it.pod("gate-0", deletionTimestamp="2030-01-01T00:00:00Z")
            await first.stop()
            assert it.holder == ""
            assert it.addresses == [{"ip": "192.0.2.1"}]
            assert "other replicas serve on" in first.lines[-2]
            await asyncio.sleep(5)
            assert second.spokesman.leading()
            assert it.writes == (1, 2)  # the Event is there already, so it was not made again
            assert len(list(it.server.store.of("Event"))) == 1
            it.server.apply("Ingress", "shop", spec={"ingressClassName": "nginx"}, status={})  # somebody wiped it
            second.see()
            await asyncio.sleep(2)
            assert it.addresses == [{"ip": "192.0.2.1"}]
            second.see()
            await second.stop()
            assert it.addresses == []
            assert it.holder == ""

    run_virtually(main())


def test_a_leader_that_hangs_is_replaced_and_writes_nothing_more() -> None:
    async def main() -> None:
        async with cluster() as it, relaying(urlsplit(it.server.url).port or 0) as relay:
            first = await it.start("gate-0", relay.url)
            await asyncio.sleep(5)
            second = await it.start("gate-1")
            relay.stall()
            await asyncio.sleep(40)
            assert (first.spokesman.leading(), second.spokesman.leading()) == (False, True)
            it.server.apply("Ingress", "shop", spec={"ingressClassName": "nginx"}, status={})
            first.see()
            relay.flow()
            await asyncio.sleep(300)
            assert it.addresses == []  # the first knows and must not, the second has not seen it
            second.see()
            await asyncio.sleep(2)
            assert it.addresses == [{"ip": "192.0.2.1"}]

    run_virtually(main())


def test_without_an_election_nothing_is_written() -> None:
    async def main() -> None:
        async with cluster() as it:
            only = await it.start("gate-0", election=ElectionSettings(disable_leader_election=True))
            await asyncio.sleep(300)
            await only.stop()
            assert it.server.seen == []

    run_virtually(main())
