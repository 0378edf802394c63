"""Leader election over real sockets: whatever hangs, jumps or fails, at most one leads, and soon one does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from gateway.kube.client import Client
from gateway.kube.lease import Elector
from gateway.settings.cluster import ClusterSettings
from gateway.settings.election import ElectionSettings
from tests.support.api_faults import FOR_EVER, Answer, Body, Gate, Reset, Silence
from tests.support.api_store import Name
from tests.support.fake_api_server import FakeApiServer, serving
from tests.support.stalling_relay import Relay, relaying
from tests.support.virtual_time import LoopClock, run_virtually

SETTINGS = ElectionSettings(election_id="gate")
LEASE = Name("Lease", "infra", "gate")


class Replica:
    """One process, as far as the election goes. It reaches the server by a relay of its own."""

    def __init__(self, name: str, client: Client, relay: Relay, chance: float) -> None:
        self.relay = relay
        self.clock = LoopClock()
        self.wall = datetime(2030, 1, 1, tzinfo=UTC)
        self.heard: list[bool] = []
        self.lines: list[str] = []
        self.elector = Elector(
            client,
            SETTINGS,
            namespace="infra",
            identity=name,
            clock=self.clock,
            wall=lambda: self.wall,
            uniform=lambda: chance,
            say=self.lines.append,
            changed=self.heard.append,
        )
        self.task = asyncio.create_task(self.elector.run())

    async def end(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task

    async def resign(self) -> None:
        await self.end()
        await self.elector.resign()


class Group:
    def __init__(self, server: FakeApiServer) -> None:
        self.server = server
        self.replicas: list[Replica] = []
        self.stack = contextlib.AsyncExitStack()

    async def start(self, name: str, chance: float = 0.5) -> Replica:
        relay = await self.stack.enter_async_context(relaying(urlsplit(self.server.url).port or 0))
        client = await Client.connect(ClusterSettings(apiserver_host=relay.url), clock=LoopClock(), environ={})
        self.stack.push_async_callback(client.close)
        replica = Replica(name, client, relay, chance)
        self.replicas.append(replica)
        self.stack.push_async_callback(replica.end)
        return replica

    async def watch(self, seconds: float) -> list[set[int]]:
        """Who led, looked at four times a second. Never two."""
        seen = []
        for _ in range(int(seconds * 4)):
            await asyncio.sleep(0.25)
            leading = {index for index, one in enumerate(self.replicas) if one.elector.leading}
            assert len(leading) <= 1
            seen.append(leading)
        return seen

    @property
    def lease(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.server.store.objects[LEASE]["spec"]
        return spec


@contextlib.asynccontextmanager
async def group() -> AsyncIterator[Group]:
    async with serving() as server:
        it = Group(server)
        async with it.stack:
            yield it
        assert not any("internal error" in line for one in it.replicas for line in one.lines)


def test_one_of_two_leads_and_goes_on_leading() -> None:
    async def main() -> None:
        async with group() as it:
            a, b = await it.start("a"), await it.start("b")
            seen = await it.watch(120)
            assert seen[0] == seen[-1] != set()
            assert sorted([a.heard, b.heard]) == [[], [True]]
            assert it.lease["holderIdentity"] in ("a", "b")
            assert it.lease["leaseDurationSeconds"] == 15
            assert it.lease["leaseTransitions"] == 0
            writes = it.server.requests["update", "leases"]
            assert 60 <= writes <= 80  # one each 1.8 s, and no reading in between
            assert it.server.requests["get", "leases"] <= 60

    run_virtually(main())


def test_a_leader_whose_network_stalls_stops_before_another_starts() -> None:
    async def main() -> None:
        async with group() as it:
            a = await it.start("a")
            await it.watch(2)
            b = await it.start("b")
            await it.watch(30)
            assert a.elector.leading
            a.relay.stall()
            seen = await it.watch(40)
            assert seen[-1] == {1}
            assert set() in seen  # a while without a leader, which is what keeps two apart
            assert seen.index(set()) <= 11 * 4
            assert seen.index({1}) <= (15 + 5) * 4
            assert it.lease["leaseTransitions"] == 1
            assert a.heard == [True, False]
            assert "not leading any more, not renewed for 10 s" in "".join(a.lines)
            a.relay.flow()  # what was held back arrives now: too late to do harm
            assert await it.watch(60) == [{1}] * 240
            assert it.lease["holderIdentity"] == "b"
            assert b.heard == [True]

    run_virtually(main())


@pytest.mark.parametrize("chance", [0.0, 0.4, 1.0])
def test_networks_that_stall_in_turn_never_make_two_leaders(chance: float) -> None:
    async def main() -> None:
        async with group() as it:
            for name in ("a", "b", "c"):
                await it.start(name, chance)
            for turn in range(12):
                stalled = it.replicas[turn % 3]
                stalled.relay.stall()
                await it.watch(7 + 3 * turn)
                stalled.relay.flow()
            seen = await it.watch(30)
            assert seen[-1] != set()

    run_virtually(main())


def test_a_released_lease_is_taken_over_at_once() -> None:
    async def main() -> None:
        async with group() as it:
            a = await it.start("a")
            await it.watch(3)
            b = await it.start("b")
            await it.watch(3)
            await a.resign()
            assert not a.elector.leading
            assert a.heard == [True, False]
            assert it.lease["holderIdentity"] == ""
            assert it.lease["leaseTransitions"] == 0
            seen = await it.watch(4)  # one look of a follower, instead of 15 s
            assert seen[-1] == {1}
            assert it.lease["leaseTransitions"] == 1
            assert b.heard == [True]

    run_virtually(main())


def test_a_follower_that_resigns_leaves_the_lease_alone() -> None:
    async def main() -> None:
        async with group() as it:
            await it.start("a")
            await it.watch(3)
            b = await it.start("b")
            await it.watch(3)
            await b.resign()
            assert it.lease["holderIdentity"] == "a"
            assert await it.watch(10) == [{0}] * 40

    run_virtually(main())


def test_one_that_took_the_lease_without_hearing_of_it_releases_it() -> None:
    async def main() -> None:
        async with group() as it:
            gate = Gate()
            a = await it.start("a")
            await it.watch(1)
            await a.resign()
            b = await it.start("b")
            it.server.faults.add(gate, "update", "leases")
            await it.server.until(lambda: ("update", "leases") in {(s.verb, s.resource) for s in it.server.seen[3:]})
            await b.end()
            it.server.store.apply("Lease", "gate", "infra", spec={**it.lease, "holderIdentity": "b"})
            await b.elector.resign()
            assert it.lease["holderIdentity"] == ""
            gate.open.set()

    run_virtually(main())


def test_a_dead_leader_is_waited_for_by_the_time_that_passes_here() -> None:
    """The times in the Lease are those of another machine: far in the future or the past, or nonsense."""

    async def main(renewed: str) -> None:
        async with group() as it:
            spec = {"holderIdentity": "gone", "leaseDurationSeconds": 40, "renewTime": renewed, "leaseTransitions": 7}
            it.server.apply("Lease", "gate", "infra", spec=spec)
            await it.start("a")
            seen = await it.watch(60)
            assert 40 * 4 - 1 <= seen.index({0}) <= 44 * 4  # as long as its holder asked for
            assert it.lease["leaseTransitions"] == 8

    for renewed in ("1999-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", "soon"):
        run_virtually(main(renewed))


def test_a_machine_that_was_suspended_does_not_lead_when_it_wakes() -> None:
    async def main() -> None:
        async with group() as it:
            a = await it.start("a")
            await it.watch(3)
            assert a.elector.leading
            a.clock.skew += 60.0
            assert [one.elector.leading for one in it.replicas] == [False]  # before any task of it has run
            await it.watch(5)
            assert a.heard == [True, False, True]

    run_virtually(main())


def test_a_jump_of_the_wall_clock_changes_nothing() -> None:
    async def main() -> None:
        async with group() as it:
            a = await it.start("a")
            await it.watch(3)
            await it.start("b")
            for step in (timedelta(days=-400), timedelta(days=900)):
                a.wall += step
                assert await it.watch(40) == [{0}] * 160
            assert it.lease["renewTime"].startswith("2031-05-")

    run_virtually(main())


def test_a_conflict_with_nobody_is_no_loss_and_what_others_wrote_stays() -> None:
    async def main() -> None:
        async with group() as it:
            await it.start("a")
            await it.watch(3)
            meta = {"labels": {"team": "infra"}}
            it.server.apply("Lease", "gate", "infra", metadata=meta, spec={**it.lease, "strategy": "None"})
            assert await it.watch(30) == [{0}] * 120
            assert it.server.store.objects[LEASE]["metadata"]["labels"] == {"team": "infra"}
            assert it.lease["strategy"] == "None"
            assert it.lease["leaseTransitions"] == 0

    run_virtually(main())


def test_a_lease_that_is_deleted_or_taken_by_force_is_noticed() -> None:
    async def main() -> None:
        async with group() as it:
            a = await it.start("a")
            await it.watch(3)
            it.server.delete("Lease", "gate", "infra")
            assert await it.watch(30) == [{0}] * 120
            it.server.apply("Lease", "gate", "infra", spec={"holderIdentity": "operator", "leaseDurationSeconds": 3600})
            seen = await it.watch(30)
            assert seen[2 * 4 :] == [set()] * (28 * 4)
            assert "not leading any more, operator has it" in a.lines[-1]

    run_virtually(main())


def test_a_missing_right_is_named_once_and_nobody_leads() -> None:
    async def main() -> None:
        async with group() as it:
            it.server.faults.add(Answer(403, "Forbidden", "no"), "create", "leases", times=FOR_EVER)
            a = await it.start("a")
            assert await it.watch(300) == [set()] * 1200
            assert a.lines == [
                (
                    "leader election: not allowed to create leases in namespace infra; add to the Role in namespace "
                    'infra: apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] (no)'
                )
            ]
            assert it.server.requests["create", "leases"] <= 21  # not each two seconds
            it.server.faults.clear()
            seen = await it.watch(40)
            assert seen[-1] == {0}
            assert a.lines[1] == "leader election: leading by Lease infra/gate"

    run_virtually(main())


@pytest.mark.parametrize(
    "fault",
    [
        Answer(500, "InternalError", "etcd is down"),
        Answer(429, "TooManyRequests", "slow down", 5),
        Reset(),
        Silence(),
        Body(b"<html>"),
        Body(orjson.dumps({"kind": "Lease", "metadata": {}})),
    ],
    ids=lambda fault: type(fault).__name__ + str(getattr(fault, "status", "")),
)
def test_failures_are_outlived(fault: Any) -> None:
    async def main() -> None:
        async with group() as it:
            a = await it.start("a")
            await it.watch(3)
            it.server.faults.add(fault, resource="leases", times=FOR_EVER)
            before = len(it.server.seen)
            seen = await it.watch(120)
            assert seen[12 * 4 :] == [set()] * (108 * 4)
            assert len(it.server.seen) - before <= 105  # the library asks twice after a reset
            assert len([line for line in a.lines if "cannot be used" in line]) <= 4
            it.server.faults.clear()
            seen = await it.watch(30)
            assert seen[-1] == {0}
            assert it.lease["leaseTransitions"] == 0  # it was nobody else's meanwhile

    run_virtually(main())


def test_a_short_failure_does_not_cost_the_lead() -> None:
    async def main() -> None:
        async with group() as it:
            a = await it.start("a")
            await it.watch(3)
            for fault in (Answer(503), Reset(), Silence()):
                it.server.faults.add(fault, "update", "leases")
                assert await it.watch(20) == [{0}] * 80
            assert a.heard == [True]

    run_virtually(main())


def test_a_listener_that_raises_is_told_and_ignored() -> None:
    async def main() -> None:
        lines: list[str] = []

        def changed(_leading: bool) -> None:
            raise RuntimeError("mistake")

        async with serving() as server:
            client = await Client.connect(ClusterSettings(apiserver_host=server.url), clock=LoopClock(), environ={})
            elector = Elector(
                client,
                SETTINGS,
                namespace="infra",
                identity="a",
                clock=LoopClock(),
                wall=lambda: datetime(2030, 1, 1, tzinfo=UTC),
                uniform=lambda: 0.5,
                say=lines.append,
                changed=changed,
            )
            task = asyncio.create_task(elector.run())
            await asyncio.sleep(20)
            assert elector.leading
            assert not task.done()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await client.close()
        assert "RuntimeError: mistake" in lines[1]

    run_virtually(main())
