"""Status as it is written, over real sockets: what is served and acknowledged has our addresses, and nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import orjson

from gateway.kube.client import Client
from gateway.objects.ingress import Ingress
from gateway.objects.ingress import IngressLoadBalancerIngress as Address
from gateway.settings.cluster import ClusterSettings
from gateway.settings.status import StatusPace, StatusSettings
from gateway.status.addresses import of_texts
from gateway.status.coverage import Coverage, Name
from gateway.status.plan import Seen
from gateway.status.reporter import Reporter
from gateway.status.writer import Writer
from tests.support.api_faults import FOR_EVER, Answer, Gate, Reset
from tests.support.api_store import Name as ObjectName
from tests.support.fake_api_server import FakeApiServer, serving
from tests.support.virtual_time import LoopClock, run_virtually

HERE = of_texts(["192.0.2.1"])


class Desk:
    """A reporter, and a view of the server's objects that is up to date unless it is `frozen`."""

    def __init__(
        self, server: FakeApiServer, client: Client, settings: StatusSettings, pace: StatusPace | None = None
    ) -> None:
        self.server = server
        self.served_names: set[Name] = set()
        self.frozen: dict[Name, Seen] | None = None
        self.leading = True
        self.is_alone: bool | None = True
        self.lines: list[str] = []
        self.coverage = Coverage()
        clock = LoopClock()
        pace = pace or StatusPace()
        self.reporter = Reporter(
            Writer(client, pace, clock=clock, say=self.lines.append),
            settings,
            served=self.served,
            find=self.find,
            coverage=self.coverage,
            leading=lambda: self.leading,
            alone=self.alone,
            clock=clock,
            uniform=lambda: 1.0,
            say=self.lines.append,
            pace=pace,
        )
        self.task = asyncio.create_task(self.reporter.run())

    async def alone(self) -> bool | None:
        return self.is_alone

    def served(self) -> Iterator[Seen]:
        for name in sorted(self.served_names):
            one = self.find(name)
            if one is not None:
                yield one

    def find(self, name: Name) -> Seen | None:
        if self.frozen is not None:
            return self.frozen.get(name)
        raw = self.server.store.objects.get(ObjectName("Ingress", *name))
        if raw is None:
            return None
        one = msgspec.convert(raw, Ingress)
        meta = one.metadata
        return Seen(meta.namespace, meta.name, meta.uid, meta.resource_version, one.status.load_balancer.ingress)

    def serve(self, *names: str, accepted: bool = True) -> None:
        """Ingresses that exist and are served from now on, besides others."""
        for name in names:
            self.server.apply("Ingress", name, spec={"ingressClassName": "nginx"})
            self.served_names.add(("default", name))
        root = b"root %d" % len(self.served_names)
        self.coverage.offered(root, {("default", name): True for name in names})
        if accepted:
            self.coverage.accepted(root)
        self.reporter.look()

    def leave(self, name: str) -> None:
        """It has another class."""
        self.served_names.discard(("default", name))
        self.coverage.offered(b"without " + name.encode(), {("default", name): False})
        self.reporter.look()

    def status(self, name: str) -> list[dict[str, Any]] | None:
        found = self.server.store.objects[ObjectName("Ingress", "default", name)].get("status", {})
        addresses: list[dict[str, Any]] | None = found.get("loadBalancer", {}).get("ingress")
        return addresses

    @property
    def patches(self) -> int:
        return self.server.requests["patch", "ingresses"]

    async def end(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@contextlib.asynccontextmanager
async def desk(settings: StatusSettings = StatusSettings(), pace: StatusPace | None = None) -> AsyncIterator[Desk]:  # noqa: B008
    async with serving() as server:
        client = await Client.connect(ClusterSettings(apiserver_host=server.url), clock=LoopClock(), environ={})
        it = Desk(server, client, settings, pace)
        try:
            yield it
        finally:
            await it.end()
            await client.close()


def test_what_is_served_gets_the_addresses_once_and_nothing_is_repeated() -> None:
    async def main() -> None:
        async with desk() as it:
            it.serve("a", "b")
            it.server.apply("Ingress", "foreign")
            it.reporter.located(of_texts(["192.0.2.1", "lb.example.com"]))
            await asyncio.sleep(2)
            wanted = [{"ip": "192.0.2.1"}, {"hostname": "lb.example.com"}]
            assert it.status("a") == it.status("b") == wanted
            assert it.status("foreign") is None
            assert it.patches == 2
            await asyncio.sleep(600)  # ten looks without a reason
            it.reporter.look()
            await asyncio.sleep(2)
            assert it.patches == 2
            assert {one.headers["Content-Type"] for one in it.server.seen} == {"application/merge-patch+json"}
            assert {one.subresource for one in it.server.seen} == {"status"}

    run_virtually(main())


def test_an_equal_set_in_another_order_is_left_alone() -> None:
    async def main() -> None:
        async with desk() as it:
            observed = {"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}, {"ip": "192.0.2.1"}]}}
            it.serve("a")
            it.server.apply("Ingress", "a", status=observed)
            it.reporter.located(of_texts(["192.0.2.1", "lb.example.com"]))
            await asyncio.sleep(5)
            assert it.patches == 0

    run_virtually(main())


def test_nothing_is_written_before_the_data_plane_has_acknowledged() -> None:
    async def main() -> None:
        async with desk() as it:
            it.reporter.located(HERE)
            it.serve("a", accepted=False)
            await asyncio.sleep(300)
            assert it.patches == 0
            it.coverage.accepted(b"root 1")
            it.reporter.look()
            await asyncio.sleep(1)
            assert it.status("a") == [{"ip": "192.0.2.1"}]

    run_virtually(main())


def test_nothing_is_written_without_the_lead_nor_without_an_address_nor_when_switched_off() -> None:
    async def main(settings: StatusSettings, *, leading: bool, located: bool) -> None:
        async with desk(settings) as it:
            it.leading = leading
            it.serve("a")
            if located:
                it.reporter.located(HERE)
            await asyncio.sleep(300)
            await it.end()
            await it.reporter.finish()
            assert it.server.seen == []

    on, off = StatusSettings(), StatusSettings(update_status=False)
    run_virtually(main(on, leading=False, located=True))
    run_virtually(main(on, leading=True, located=False))
    run_virtually(main(off, leading=True, located=True))


def test_a_change_of_address_reaches_all_and_an_unknown_one_changes_nothing() -> None:
    async def main() -> None:
        async with desk() as it:
            it.serve("a", "b")
            it.reporter.located(HERE)
            await asyncio.sleep(2)
            it.reporter.located(None)
            await asyncio.sleep(100)
            assert it.status("a") == [{"ip": "192.0.2.1"}]
            it.reporter.located(of_texts(["192.0.2.7"]))
            await asyncio.sleep(2)
            assert it.status("a") == it.status("b") == [{"ip": "192.0.2.7"}]
            it.reporter.located(())
            await asyncio.sleep(2)
            assert it.status("a") is None

    run_virtually(main())


def test_an_ingress_that_leaves_is_cleared_unless_its_new_owner_was_faster() -> None:
    async def main(*, clear: bool) -> None:
        async with desk(StatusSettings(clear_unserved=clear)) as it:
            it.serve("a", "b", "stays")
            it.reporter.located(HERE)
            await asyncio.sleep(2)
            it.server.apply("Ingress", "b", status={"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}]}})
            it.leave("a")
            it.leave("b")
            await asyncio.sleep(2)
            assert it.status("a") == (None if clear else [{"ip": "192.0.2.1"}])
            assert it.status("b") == [{"ip": "198.51.100.1"}]
            assert it.status("stays") == [{"ip": "192.0.2.1"}]

    run_virtually(main(clear=True))
    run_virtually(main(clear=False))


def test_a_conflict_is_solved_by_a_fresh_read() -> None:
    async def main() -> None:
        async with desk() as it:
            it.serve("a")
            it.frozen = {("default", "a"): next(it.served())}
            it.server.apply("Ingress", "a", spec={"ingressClassName": "nginx", "rules": []})  # not seen here yet
            it.reporter.located(HERE)
            await asyncio.sleep(2)
            assert it.status("a") == [{"ip": "192.0.2.1"}]
            assert [(one.verb, one.query.get("fieldSelector")) for one in it.server.seen] == [
                ("patch", None),
                ("list", "metadata.name=a"),
                ("patch", None),
            ]
            it.reporter.look()
            await asyncio.sleep(100)  # the watch is far behind: still nothing is written twice
            assert it.patches == 2

    run_virtually(main())


def test_conflicts_without_end_are_bounded() -> None:
    async def main() -> None:
        async with desk() as it:
            it.serve("a")
            it.server.faults.add(Answer(409, "Conflict"), "patch", "ingresses", times=FOR_EVER)
            it.reporter.located(HERE)
            await asyncio.sleep(59)
            assert it.patches == StatusPace().attempts
            await asyncio.sleep(60)
            assert it.patches == 2 * StatusPace().attempts

    run_virtually(main())


def test_a_clearing_that_meets_a_new_owner_on_its_fresh_read_leaves_it_alone() -> None:
    async def main() -> None:
        async with desk() as it:
            it.serve("a")
            it.reporter.located(HERE)
            await asyncio.sleep(2)
            it.reporter.look()
            await asyncio.sleep(2)
            it.frozen = {("default", "a"): next(it.served())}
            it.server.apply("Ingress", "a", status={"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}]}})
            it.leave("a")
            await asyncio.sleep(2)
            assert it.status("a") == [{"ip": "198.51.100.1"}]

    run_virtually(main())


def test_thousands_of_ingresses_are_a_stream_and_no_burst() -> None:
    async def main() -> None:
        async with desk(pace=StatusPace(concurrency=4, per_second=20, burst=10)) as it:
            gate = Gate()
            it.server.faults.add(gate, "patch", "ingresses", times=10)
            it.serve(*(f"i{number:03}" for number in range(300)))
            it.reporter.located(HERE)
            await asyncio.sleep(5)
            assert it.patches == 4
            gate.open.set()
            await asyncio.sleep(5)
            assert 50 <= it.patches <= 10 + 10 * 20
            await asyncio.sleep(20)
            assert it.patches == 300
            assert all(it.status(f"i{number:03}") == [{"ip": "192.0.2.1"}] for number in range(300))

    run_virtually(main())


def test_losing_the_lead_ends_a_round() -> None:
    async def main() -> None:
        async with desk(pace=StatusPace(concurrency=2, per_second=10, burst=1)) as it:
            it.serve(*(f"i{number}" for number in range(100)))
            it.reporter.located(HERE)
            await asyncio.sleep(3)
            it.leading = False
            before = it.patches
            assert 10 <= before <= 40
            await asyncio.sleep(200)
            assert it.patches <= before + 2

    run_virtually(main())


def test_an_api_server_in_trouble_is_asked_seldom_and_taken_up_again() -> None:
    async def main() -> None:
        async with desk() as it:
            it.serve(*(f"i{number}" for number in range(50)))
            for fault in (Answer(503), Answer(429, "TooManyRequests", "", 30), Reset()):
                it.server.faults.add(fault, "patch", "ingresses", times=FOR_EVER)
                before = it.patches
                it.reporter.located(None)
                it.reporter.located(HERE)
                await asyncio.sleep(300)
                assert 10 <= it.patches - before <= 12 * 10  # rounds of at most one try per worker
                it.server.faults.clear()
            assert len([line for line in it.lines if "will be tried again" in line]) <= 4
            await asyncio.sleep(130)
            assert all(it.status(f"i{number}") == [{"ip": "192.0.2.1"}] for number in range(50))
            assert it.lines[-1] == "status: the API server takes it again"

    run_virtually(main())


def test_a_missing_right_is_named_once() -> None:
    async def main() -> None:
        async with desk() as it:
            it.serve("a", "b", "c")
            it.server.faults.add(Answer(403, "Forbidden", "no"), "patch", "ingresses", times=FOR_EVER)
            it.reporter.located(HERE)
            await asyncio.sleep(600)
            said = [line for line in it.lines if "not allowed" in line]
            assert said == [
                (
                    "status: not allowed to patch ingresses/status; add to the ClusterRole: apiGroups: "
                    '["networking.k8s.io"], resources: ["ingresses/status"], verbs: ["patch"] (no)'
                )
            ]
            assert it.patches <= 3 * 11

    run_virtually(main())


def test_an_object_that_is_refused_does_not_hold_up_the_others() -> None:
    async def main() -> None:
        async with desk(pace=StatusPace(concurrency=1)) as it:
            it.serve("a", "b")
            it.server.faults.add(Answer(422, "Invalid", "bad"), "patch", "ingresses")
            it.reporter.located(HERE)
            await asyncio.sleep(300)
            assert it.status("a") is None
            assert it.status("b") == [{"ip": "192.0.2.1"}]
            assert it.patches == 2  # not again before it is different
            it.server.apply("Ingress", "a", spec={})
            it.reporter.look()
            await asyncio.sleep(2)
            assert it.status("a") == [{"ip": "192.0.2.1"}]

    run_virtually(main())


def test_an_ingress_that_is_deleted_meanwhile_is_no_matter() -> None:
    async def main() -> None:
        async with desk() as it:
            it.serve("a", "b")
            it.frozen = {one.key: one for one in list(it.served())}
            it.server.delete("Ingress", "a")
            it.reporter.located(HERE)
            await asyncio.sleep(2)
            assert it.status("b") == [{"ip": "192.0.2.1"}]
            assert it.lines == []

    run_virtually(main())


def test_the_last_replica_takes_its_addresses_out() -> None:
    async def main() -> None:
        async with desk() as it:
            it.serve(*(f"i{number}" for number in range(60)))
            it.server.apply("Ingress", "foreign", status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}})
            it.reporter.located(HERE)
            await asyncio.sleep(5)
            await it.end()
            await it.reporter.finish()
            assert all(it.status(f"i{number}") is None for number in range(60))
            assert it.status("foreign") == [{"ip": "192.0.2.1"}]
            assert it.lines == ["status: addresses taken out of 60 of 60 Ingresses"]

    run_virtually(main())


def test_addresses_stay_while_others_serve_or_nobody_knows_or_it_is_not_wanted() -> None:
    async def main(*, alone: bool | None, wanted: bool, leading: bool = True) -> None:
        async with desk(StatusSettings(update_status_on_shutdown=wanted)) as it:
            it.serve("a")
            it.reporter.located(HERE)
            await asyncio.sleep(5)
            await it.end()
            it.is_alone = alone
            it.leading = leading
            await it.reporter.finish()
            assert it.status("a") == [{"ip": "192.0.2.1"}]
            assert len(it.lines) == (wanted and leading)

    run_virtually(main(alone=False, wanted=True))
    run_virtually(main(alone=None, wanted=True))
    run_virtually(main(alone=True, wanted=False))
    run_virtually(main(alone=True, wanted=True, leading=False))


def test_taking_out_is_bounded_in_time() -> None:
    async def main() -> None:
        async with desk() as it:
            it.serve("a")
            it.reporter.located(HERE)
            await asyncio.sleep(5)
            await it.end()
            it.server.faults.add(Gate(), "patch", "ingresses", times=FOR_EVER)
            loop = asyncio.get_running_loop()
            began = loop.time()
            await it.reporter.finish()
            assert loop.time() - began <= StatusPace().shutdown
            assert it.status("a") == [{"ip": "192.0.2.1"}]

    run_virtually(main())


def test_ports_are_passed_on() -> None:
    async def main() -> None:
        async with desk() as it:
            raw = [{"ip": "192.0.2.1", "ports": [{"port": 80, "protocol": "TCP", "error": None}]}]
            it.serve("a")
            it.reporter.located(msgspec.convert(raw, tuple[Address, ...]))
            await asyncio.sleep(2)
            body = orjson.loads(it.server.seen[-1].body)
            assert body["status"] == {"loadBalancer": {"ingress": raw}}
            assert body["metadata"].keys() == {"resourceVersion"}

    run_virtually(main())
