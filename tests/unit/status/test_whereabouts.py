"""Finding out where clients reach us, and who else serves, over real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.kube.client import Client
from gateway.settings.cluster import ClusterSettings
from gateway.settings.values import ObjectName
from gateway.status.addresses import Addresses, of_texts
from gateway.status.replicas import Replicas
from gateway.status.whereabouts import Named, PodNodes, PublishedService, Whereabouts
from tests.support.api_faults import FOR_EVER, Answer
from tests.support.fake_api_server import FakeApiServer, serving
from tests.support.virtual_time import LoopClock, run_virtually

LABELS = {"app": "gate", "tier": "edge"}


class Desk:
    def __init__(self, server: FakeApiServer, client: Client) -> None:
        self.server = server
        self.client = client
        self.told: list[Addresses | None] = []
        self.lines: list[str] = []
        self.replicas = Replicas(client, "infra", "gate-0")

    def nodes(self, *, internal: bool = False) -> PodNodes:
        return PodNodes(
            self.client, self.replicas, internal=internal, interval=60.0, clock=LoopClock(), say=self.lines.append
        )

    def service(self) -> PublishedService:
        return PublishedService(
            self.client, ObjectName("infra", "gate"), clock=LoopClock(), uniform=lambda: 1.0, say=self.lines.append
        )

    @contextlib.asynccontextmanager
    async def running(self, whereabouts: Whereabouts) -> AsyncIterator[None]:
        task = asyncio.create_task(whereabouts.run(self.told.append))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def pod(self, name: str, node: str, *, ready: bool = True, phase: str = "Running", **meta: Any) -> None:
        labels = meta.pop("labels", {**LABELS, "pod-template-hash": name})
        conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
        self.server.apply(
            "Pod",
            name,
            "infra",
            metadata={"labels": labels, **meta},
            spec={"nodeName": node},
            status={"phase": phase, "conditions": conditions},
        )

    def node(self, name: str, **addresses: str) -> None:
        found = [{"type": kind, "address": address} for kind, address in addresses.items()]
        self.server.apply("Node", name, status={"addresses": found})


@contextlib.asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    async with serving() as server:
        client = await Client.connect(ClusterSettings(apiserver_host=server.url), clock=LoopClock(), environ={})
        try:
            yield Desk(server, client)
        finally:
            await client.close()


def test_named_addresses_are_known_at_once() -> None:
    async def main() -> None:
        async with desk() as it, it.running(Named(["192.0.2.1"])):
            await asyncio.sleep(1)
            assert it.told == [of_texts(["192.0.2.1"])]
            assert it.server.seen == []

    run_virtually(main())


def test_the_service_is_watched() -> None:
    def status(*ips: str) -> dict[str, Any]:
        return {"loadBalancer": {"ingress": [{"ip": ip, "ipMode": "VIP"} for ip in ips]}}

    async def main() -> None:
        async with desk() as it:
            spec = {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}
            it.server.apply("Service", "other", "infra", spec=spec, status=status("192.0.2.9"))
            async with it.running(it.service()):
                await asyncio.sleep(1)
                assert it.told == [None]
                assert it.lines == [
                    (
                        "status: Service infra/gate of --publish-service does not exist; until it does, no address is "
                        "written"
                    )
                ]
                it.server.apply("Service", "gate", "infra", spec=spec, status={"loadBalancer": {}})
                await asyncio.sleep(1)
                it.server.apply("Service", "gate", "infra", spec=spec, status=status("192.0.2.1"))
                await asyncio.sleep(1)
                it.server.delete("Service", "gate", "infra")
                await asyncio.sleep(1)
            assert it.told == [None, (), of_texts(["192.0.2.1"]), None]

    run_virtually(main())


def test_the_service_stays_known_while_the_server_is_away() -> None:
    async def main() -> None:
        async with desk() as it:
            it.server.apply("Service", "gate", "infra", spec={"type": "NodePort", "clusterIP": "10.0.0.1"})
            async with it.running(it.service()):
                await asyncio.sleep(1)
                it.server.faults.add(Answer(503), times=FOR_EVER)
                it.server.drop_connections()
                await asyncio.sleep(600)
            assert it.told == [of_texts(["10.0.0.1"])]

    run_virtually(main())


@pytest.mark.parametrize(
    ("internal", "expected"), [(False, ["10.0.0.2", "192.0.2.1"]), (True, ["10.0.0.1", "10.0.0.2"])]
)
def test_nodes_of_ready_pods(internal: bool, expected: list[str]) -> None:
    async def main() -> None:
        async with desk() as it:
            it.node("n1", Hostname="n1", InternalIP="10.0.0.1", ExternalIP="192.0.2.1")
            it.node("n2", InternalIP="10.0.0.2")
            it.node("n3", InternalIP="10.0.0.3")
            it.pod("gate-0", "n1")
            it.pod("gate-1", "n2")
            it.pod("gate-2", "n2")
            it.pod("gate-3", "n3", ready=False)
            it.pod("gate-4", "gone")
            it.pod("else", "n3", labels={"app": "else"})
            async with it.running(it.nodes(internal=internal)):
                await asyncio.sleep(1)
                assert it.told == [of_texts(expected)]
                it.pod("gate-3", "n3")
                await asyncio.sleep(60)
                assert it.told[-1] == of_texts([*expected, "10.0.0.3"])

    run_virtually(main())


def test_while_no_pod_is_ready_nothing_is_said() -> None:
    async def main() -> None:
        async with desk() as it:
            it.node("n1", InternalIP="10.0.0.1")
            it.pod("gate-0", "n1", ready=False)
            async with it.running(it.nodes()):
                await asyncio.sleep(200)
                assert it.told == []
                assert len(it.lines) == 1
                it.pod("gate-0", "n1")
                await asyncio.sleep(60)
                it.pod("gate-0", "n1", ready=False)
                await asyncio.sleep(200)
            assert it.told == [of_texts(["10.0.0.1"])]

    run_virtually(main())


@pytest.mark.parametrize(("verb", "resource"), [("list", "pods"), ("get", "nodes")])
def test_missing_rights_are_named_once(verb: str, resource: str) -> None:
    async def main() -> None:
        async with desk() as it:
            it.node("n1", InternalIP="10.0.0.1")
            it.pod("gate-0", "n1")
            it.server.faults.add(Answer(403, "Forbidden", "no"), verb, resource, times=FOR_EVER)
            async with it.running(it.nodes()):
                await asyncio.sleep(300)
            assert it.told == []
            assert [line for line in it.lines if f"not allowed to {verb} {resource}" in line] == it.lines[:1]
            assert len(it.lines) == 2

    run_virtually(main())


@pytest.mark.parametrize(
    ("others", "alone"),
    [
        ([], True),
        ([{}], False),
        ([{"ready": False, "phase": "Pending"}], False),
        ([{"phase": "Succeeded"}, {"phase": "Failed"}], True),
        ([{"deletionTimestamp": "2030-01-01T00:00:00Z"}], True),
        ([{"labels": {"app": "else"}}], True),
    ],
)
def test_who_is_left(others: list[dict[str, Any]], alone: bool) -> None:
    async def main() -> None:
        async with desk() as it:
            it.pod("gate-0", "n1", deletionTimestamp="2030-01-01T00:00:00Z")
            for number, other in enumerate(others, 1):
                it.pod(f"gate-{number}", "n1", **other)
            assert await it.replicas.alone() is alone

    run_virtually(main())


def test_nobody_knows_who_is_left() -> None:
    async def main() -> None:
        async with desk() as it:
            assert await it.replicas.alone() is None  # our own pod is not there
            it.server.faults.add(Answer(500), "list", "pods")
            assert await it.replicas.alone() is None
            it.pod("gate-0", "n1", labels={"pod-template-hash": "only"})
            it.pod("gate-1", "n1")
            assert await it.replicas.alone() is True  # no label, no replicas
            outside = Replicas(it.client, "infra", "")
            assert await outside.alone() is True
            assert await outside.pods() == ()

    run_virtually(main())
