"""Events on objects, over real sockets: each thing once, at a bounded rate, and nobody waits for them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.kube.client import Client
from gateway.kube.events import EventPace, Recorder
from gateway.kube.notice import MESSAGE_BYTES, Notice
from gateway.settings.cluster import ClusterSettings
from tests.support.api_faults import FOR_EVER, Answer, Gate, Reset, Silence
from tests.support.fake_api_server import FakeApiServer, serving
from tests.support.virtual_time import LoopClock, run_virtually

BEGAN = datetime(2030, 1, 1, tzinfo=UTC)


def notice(name: str = "a", message: str = "no such Service", **fields: str) -> Notice:
    values = {"kind": "Ingress", "namespace": "default", "uid": f"uid-{name}", "type": "Warning", "reason": "GW240"}
    return Notice(**{**values, "name": name, "message": message, **fields})


class Desk:
    def __init__(self, server: FakeApiServer, client: Client, pace: EventPace | None = None) -> None:
        self.server = server
        self.leading = True
        self.lines: list[str] = []
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.recorder = Recorder(
            client,
            instance="gate-0",
            leading=lambda: self.leading,
            clock=LoopClock(),
            wall=lambda: BEGAN + timedelta(seconds=loop.time() - began),
            uniform=lambda: 1.0,
            say=self.lines.append,
            pace=pace,
        )
        self.task = asyncio.create_task(self.recorder.run())

    def lead(self, *, leads: bool) -> None:
        self.leading = leads
        self.recorder.lead(leads)

    @property
    def events(self) -> list[dict[str, Any]]:
        return list(self.server.store.of("Event"))

    @property
    def writes(self) -> int:
        return self.server.requests["create", "events"] + self.server.requests["patch", "events"]

    async def end(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@contextlib.asynccontextmanager
async def desk(pace: EventPace | None = None) -> AsyncIterator[Desk]:
    async with serving() as server:
        client = await Client.connect(ClusterSettings(apiserver_host=server.url), clock=LoopClock(), environ={})
        it = Desk(server, client, pace)
        try:
            yield it
        finally:
            await it.end()
            await client.close()


def test_an_event_says_what_is_wrong_with_which_object() -> None:
    async def main() -> None:
        async with desk() as it:
            it.recorder.tell([notice(), notice("nginx", kind="IngressClass", namespace="")])
            await asyncio.sleep(1)
            first, second = it.events
            assert first["involvedObject"] == {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "namespace": "default",
                "name": "a",
                "uid": "uid-a",
            }
            assert first["metadata"]["namespace"] == "default"
            assert (first["type"], first["reason"], first["message"]) == ("Warning", "GW240", "no such Service")
            assert (first["count"], first["firstTimestamp"]) == (1, "2030-01-01T00:00:00Z")
            assert first["source"] == {"component": "sallygate"}
            assert second["metadata"]["namespace"] == "default"
            assert "namespace" not in second["involvedObject"]

    run_virtually(main())


def test_what_stands_is_said_once_and_what_comes_back_is_counted() -> None:
    async def main() -> None:
        async with desk() as it:
            for _ in range(50):
                it.recorder.tell([notice(), notice("b")])
                await asyncio.sleep(1)
            assert it.writes == 2
            it.recorder.tell([notice("b")])
            await asyncio.sleep(100)
            it.recorder.tell([notice(), notice("b")])
            await asyncio.sleep(1)
            assert [one["count"] for one in it.events] == [2, 1]
            assert it.events[0]["lastTimestamp"] == "2030-01-01T00:02:30Z"
            assert it.events[0]["firstTimestamp"] == "2030-01-01T00:00:00Z"
            name = it.events[0]["metadata"]["name"]
            it.server.delete("Event", name)  # as their hour is over
            it.recorder.tell([])
            it.recorder.tell([notice()])
            await asyncio.sleep(1)
            again = it.events[0]
            assert (again["metadata"]["name"], again["count"]) == (name, 3)

    run_virtually(main())


def test_only_the_leader_writes_and_the_next_one_repeats_nothing() -> None:
    async def main() -> None:
        async with desk() as it:
            it.lead(leads=False)
            it.recorder.tell([notice(), notice("b")])
            await asyncio.sleep(60)
            assert it.writes == 0
            it.lead(leads=True)
            await asyncio.sleep(1)
            assert len(it.events) == 2
            it.lead(leads=False)
            it.lead(leads=True)
            await asyncio.sleep(60)
            assert it.writes == 2
            client = await Client.connect(ClusterSettings(apiserver_host=it.server.url), clock=LoopClock(), environ={})
            other = Desk(it.server, client)
            other.recorder.tell([notice(), notice("b"), notice("c")])
            await asyncio.sleep(1)
            assert [one["count"] for one in it.events] == [1, 1, 1]
            assert other.recorder.counters.written == 1
            await other.end()
            await client.close()

    run_virtually(main())


def test_what_waits_when_the_lead_is_lost_is_not_written() -> None:
    async def main() -> None:
        async with desk(EventPace(per_second=1, burst=1)) as it:
            it.recorder.tell([notice(f"n{number}") for number in range(20)])
            await asyncio.sleep(4.5)
            it.lead(leads=False)
            await asyncio.sleep(60)
            assert it.writes == 5

    run_virtually(main())


def test_what_is_mended_before_it_was_said_is_not_said() -> None:
    async def main() -> None:
        async with desk(EventPace(per_second=1, burst=1)) as it:
            it.recorder.tell([notice("a"), notice("b")])
            await asyncio.sleep(0.5)
            it.recorder.tell([notice("a")])
            await asyncio.sleep(60)
            assert [one["involvedObject"]["name"] for one in it.events] == ["a"]

    run_virtually(main())


def test_the_rate_of_all_is_bounded() -> None:
    async def main() -> None:
        async with desk(EventPace(per_second=5, burst=10)) as it:
            it.recorder.tell([notice(f"n{number:03}") for number in range(100)])
            await asyncio.sleep(1)
            assert 10 <= it.writes <= 16
            await asyncio.sleep(20)
            assert it.writes == 100
            assert it.recorder.counters.dropped == 0

    run_virtually(main())


def test_the_number_on_one_object_is_bounded() -> None:
    async def main() -> None:
        async with desk(EventPace(object_burst=3, object_per_second=1 / 300)) as it:
            many = [notice(message=f"field {number}") for number in range(10)]
            it.recorder.tell([*many, notice("b")])
            await asyncio.sleep(60)
            assert it.writes == 4
            assert it.recorder.counters.held_back == 7
            await asyncio.sleep(300)
            it.recorder.tell([*many, notice("b"), notice(message="later")])
            await asyncio.sleep(1)
            assert it.writes == 5

    run_virtually(main())


def test_a_slow_server_makes_nobody_wait_and_the_oldest_are_dropped() -> None:
    async def main() -> None:
        async with desk(EventPace(waiting=5)) as it:
            gate = Gate()
            it.server.faults.add(gate, "create", "events")
            it.recorder.tell([notice("n00")])
            await it.server.until(lambda: it.writes)
            it.recorder.tell([notice(f"n{number:02}") for number in range(21)])  # returns at once
            assert it.recorder.counters.dropped == 15
            gate.open.set()
            await asyncio.sleep(30)
            names = [one["involvedObject"]["name"] for one in it.events]
            assert names == ["n00", "n16", "n17", "n18", "n19", "n20"]

    run_virtually(main())


@pytest.mark.parametrize("fault", [Answer(500), Answer(429, retry_after=20), Reset(), Silence()])
def test_failures_are_outlived(fault: Any) -> None:
    async def main() -> None:
        async with desk() as it:
            it.server.faults.add(fault, "create", "events", times=FOR_EVER)
            it.recorder.tell([notice("a"), notice("b")])
            await asyncio.sleep(600)
            assert 5 <= it.writes <= 40
            assert 1 <= len(it.lines) <= 2
            it.server.faults.clear()
            await asyncio.sleep(80)
            assert [one["count"] for one in it.events] == [1, 1]

    run_virtually(main())


def test_an_event_that_is_refused_is_dropped_and_the_next_is_written() -> None:
    async def main() -> None:
        async with desk() as it:
            for fault in (
                Answer(422, "Invalid", "bad"),
                Answer(404, "NotFound", 'namespaces "gone" not found'),
                Answer(403, "Forbidden", "unable to create new content in namespace x because it is being terminated"),
            ):
                it.server.faults.add(fault, "create", "events")
            it.recorder.tell([notice(name) for name in "abcd"])
            await asyncio.sleep(1)
            assert [one["involvedObject"]["name"] for one in it.events] == ["d"]
            assert it.recorder.counters.dropped == 3
            assert len(it.lines) == 1
            assert "does not take an Event on Ingress a" in it.lines[0]

    run_virtually(main())


def test_a_missing_right_is_named_once() -> None:
    async def main() -> None:
        async with desk() as it:
            it.server.faults.add(Answer(403, "Forbidden", "no"), "create", "events", times=FOR_EVER)
            it.recorder.tell([notice("a"), notice("b")])
            await asyncio.sleep(600)
            assert it.lines == [
                (
                    "events: not allowed to create events in namespace default; add to the Role in namespace default: "
                    'apiGroups: [""], resources: ["events"], verbs: ["create"] (no)'
                )
            ]
            assert it.writes <= 11

    run_virtually(main())


def test_what_is_remembered_is_bounded() -> None:
    async def main() -> None:
        async with desk(EventPace(per_second=1_000, burst=1_000, remembered=10)) as it:
            for number in range(60):
                it.recorder.tell([notice("stays"), notice(f"n{number}")])
                await asyncio.sleep(1)
            assert len(it.recorder._told) <= 12
            assert len(it.recorder._buckets) <= 10
            assert it.writes == 61

    run_virtually(main())


def test_names_and_messages_fit() -> None:
    long = notice("x" * 250, "ä" * 2_000)
    assert len(long.event_name) <= 253
    assert notice().event_name != notice(message="other").event_name
    assert notice().event_name == notice().event_name

    async def main() -> None:
        async with desk() as it:
            it.recorder.tell([long])
            await asyncio.sleep(1)
            message = it.events[0]["message"]
            assert MESSAGE_BYTES - 4 <= len(message.encode()) <= MESSAGE_BYTES
            assert message.endswith("ä…")

    run_virtually(main())
