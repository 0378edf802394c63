"""All that an API server can do to a watch: what is known stays, requests stay few, the end is the server's state."""

from collections.abc import Callable
from functools import partial

import pytest

from gateway.kube.pace import Pace
from gateway.kube.target import Target
from tests.support.api_faults import FOR_EVER, Answer, Body, Fault, Gate, Reset, Silence
from tests.support.fake_api_server import FakeApiServer, serving
from tests.support.fake_clock import FakeClock
from tests.support.reflecting import Running, reflecting

INGRESSES = Target("Ingress")
TEN_MINUTES = 600.0
# 0.8 s, doubled up to 30: six waits make 50 s, and then two a minute. Nothing that fails may bring more than this.
ATTEMPTS = 6 + 20
EMPTY = b'{"kind":"IngressList","apiVersion":"networking.k8s.io/v1","metadata":{"resourceVersion":"150"},"items":[]}'
LACKS = "ingresses: 21 of 40 that are known are not in the list of the API server any more"


async def started(server: FakeApiServer, one: Running) -> None:
    """Synced, and on a watch whose opening the reflector has seen."""
    await one.heard.until(lambda: one.heard.synced and one.heard.health)
    await server.watched("ingresses")


def _more(server: FakeApiServer, than: int) -> bool:
    return len(server.seen) > than


async def ends_in_the_servers_state(server: FakeApiServer, one: Running, *names: str) -> None:
    server.apply("Ingress", "last")
    await one.heard.names(*names, "last")
    for value in server.store.of("Ingress"):
        assert one.heard.version(value["metadata"]["name"]) == value["metadata"]["resourceVersion"]
    assert one.heard.synced == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Answer(500, "InternalError", "etcd is gone"), "500 InternalError: etcd is gone"),
        (Answer(503), "503 Service Unavailable"),
        (Answer(429, "TooManyRequests"), "429 TooManyRequests"),
        (Reset(), "the connection broke"),
        (Body(b"<html>a proxy"), "not JSON of a list"),
        (Body(b'{"kind": "Status", "apiVersion": "v1"}'), "instead of IngressList came 'v1' 'Status'"),
    ],
    ids=lambda value: getattr(value, "reason", "") or type(value).__name__ if not isinstance(value, str) else "",
)
async def test_a_server_that_always_fails_is_asked_ever_less(fault: Fault, words: str) -> None:
    async with serving() as server:
        server.faults.add(fault, times=FOR_EVER)
        clock = FakeClock(free=True)
        async with reflecting(server, INGRESSES, clock=clock) as one:
            await clock.until(lambda: clock.now() >= 1_000 + TEN_MINUTES)
            # A request that is cut off is sent a second time by the library.
            assert 10 <= len(server.seen) <= ATTEMPTS * (2 if isinstance(fault, Reset) else 1)
            assert one.counters["failures"] == len(clock.slept)
            assert max(clock.slept) <= 30
            assert one.heard.synced == 0
            assert one.heard.batches == []
            assert words in one.heard.health[-1].error
            assert len(one.heard.health) <= 2, "the same is said once"
            server.faults.clear()
            await one.heard.until(lambda: one.heard.synced and one.reflector.health.healthy)
            await ends_in_the_servers_state(server, one)


async def test_a_retry_after_is_honoured_and_bounded() -> None:
    async with serving() as server:
        server.initial_events = "refused"
        server.faults.add(Answer(429, "TooManyRequests", retry_after=17), "list")
        server.faults.add(Answer(503, retry_after=1e9), "list")
        clock = FakeClock(free=True)
        async with reflecting(server, INGRESSES, clock=clock) as one:
            await one.heard.until(lambda: one.heard.synced)
        assert clock.slept == [17.8, 121.6]


@pytest.mark.parametrize("mode", ["on", "refused"])
async def test_what_is_known_stays_while_the_server_is_gone(mode: str) -> None:
    clock = FakeClock(free=True)
    async with serving() as server:
        server.initial_events = mode
        server.apply("Ingress", "a")
        async with reflecting(server, INGRESSES, clock=clock) as one:
            await started(server, one)
            server.faults.add(Reset(), times=FOR_EVER)
            server.drop_connections()
            before = len(server.seen)
            begun = clock.now()
            await clock.until(lambda: clock.now() >= begun + TEN_MINUTES)
            assert len(server.seen) - before <= 2 * ATTEMPTS
            assert [key.name for key in one.heard.objects] == ["a"]
            assert [health.healthy for health in one.heard.health] == [True, False]
            assert one.reflector.health.since <= begun + 30, "since the outage began, not since the last try"
            assert server.requests["list", "ingresses"] == (1 if mode == "refused" else 0)
            server.faults.clear()
            server.delete("Ingress", "a")
            server.apply("Ingress", "b")
            await one.heard.until(lambda: one.reflector.health.healthy)
            await ends_in_the_servers_state(server, one, "b")
            # It went on where it was: nothing had to be listed again.
            assert one.counters["relists"] == 0


DISTURB: dict[str, Callable[[FakeApiServer], None]] = {
    "end": FakeApiServer.end_watches,
    "reset": FakeApiServer.drop_connections,
    "error": lambda server: server.watches[-1].send_status(500, "InternalError", "no"),
    "expired": lambda server: server.watches[-1].send_status(410, "Expired", "old"),
    "garbage": lambda server: server.watches[-1].send(b"<html>\n"),
    "type": lambda server: server.watches[-1].send(b'{"type":"NEW","object":{}}\n'),
    "nameless": lambda server: server.watches[-1].send(b'{"type":"DELETED","object":{}}\n'),
}


@pytest.mark.parametrize("way", DISTURB)
@pytest.mark.parametrize("mode", ["on", "refused"])
async def test_a_watch_that_always_ends_at_once_does_not_become_a_storm(mode: str, way: str) -> None:
    clock = FakeClock(free=True)
    async with serving() as server:
        server.initial_events = mode
        server.apply("Ingress", "a")
        async with reflecting(server, INGRESSES, clock=clock) as one:
            await started(server, one)
            begun, before = clock.now(), len(server.seen)
            while clock.now() < begun + TEN_MINUTES:
                seen = len(server.seen)
                await server.watched("ingresses")
                DISTURB[way](server)
                await server.until(partial(_more, server, seen))
            lists = server.requests["list", "ingresses"]
            assert len(server.seen) - before <= 2 * ATTEMPTS
            if way in ("end", "reset", "error"):
                assert lists == (1 if mode == "refused" else 0), "a version that still holds is used"
            assert [key.name for key in one.heard.objects] == ["a"]
            assert one.heard.synced == 1
            server.store.compact()
            await ends_in_the_servers_state(server, one, "a")
            assert sum(bool(batch.deletes) for batch in one.heard.batches) == 0


@pytest.mark.parametrize("mode", ["on", "refused"])
async def test_an_expired_version_brings_a_list_and_no_lost_deletion(mode: str) -> None:
    async with serving() as server:
        server.initial_events = mode
        server.apply("Ingress", "a")
        server.apply("Ingress", "b")
        async with reflecting(server, INGRESSES) as one:
            await started(server, one)
            server.faults.add(Answer(500), "watch")
            server.drop_connections()
            await one.clock.wake()
            await one.clock.asleep()
            server.delete("Ingress", "a")
            server.store.compact()
            await one.clock.wake()
            await one.clock.wake()  # after the 410
            await one.heard.names("b")
            await ends_in_the_servers_state(server, one, "b")
            asked = [one.query for one in server.seen if "resourceVersionMatch" in one.query]
            assert asked[-1]["resourceVersionMatch"] == "NotOlderThan"
            assert int(asked[-1]["resourceVersion"]) > 100, "not older than what is known"


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(410, "Expired", "too old resource version"),
        Answer(504, "Timeout", "Too large resource version: 9, current: 1"),
    ],
    ids=["expired", "ahead"],
)
async def test_a_server_that_cannot_list_from_what_is_known_is_asked_for_the_newest(refusal: Answer) -> None:
    async with serving() as server:
        server.initial_events = "refused"
        server.apply("Ingress", "a")
        async with reflecting(server, INGRESSES) as one:
            await started(server, one)
            server.faults.add(refusal, "list", times=FOR_EVER, resourceVersionMatch="NotOlderThan")
            server.store.compact()
            (await server.watched("ingresses")).send_status(410, "Expired", "too old")
            await one.clock.wake()
            await ends_in_the_servers_state(server, one, "a")
            assert one.counters["failures"] == 1
        asked = [each.query for each in server.seen if each.verb == "list"]
        assert [query.get("resourceVersionMatch") for query in asked] == [None, "NotOlderThan", None]
        assert [query.get("resourceVersion") for query in asked[::2]] == ["0", None]


@pytest.mark.parametrize("mode", ["on", "refused"])
async def test_a_database_that_was_put_back_is_believed(mode: str) -> None:
    async with serving() as server:
        server.initial_events = mode
        server.apply("Ingress", "a", spec={"rules": [{"host": "old.example.com"}]})
        past = server.store.backup()
        for number in range(5):
            server.apply("Ingress", f"new-{number}")
        server.apply("Ingress", "a", spec={"rules": [{"host": "new.example.com"}]})
        clock = FakeClock(free=True)
        async with reflecting(server, INGRESSES, clock=clock) as one:
            await started(server, one)
            server.store.put_back(past)
            server.drop_connections()
            await one.heard.names("a")
            await ends_in_the_servers_state(server, one, "a")
            fresh = [each.query for each in server.seen if each.verb == "list"][-1]
            assert fresh.get("resourceVersion") is None


async def test_an_expired_token_is_answered_by_taking_everything_at_once() -> None:
    async with serving() as server:
        server.initial_events = "refused"
        for number in range(1_100):
            server.apply("Service", f"s-{number}")
        gate = Gate()
        server.faults.add(gate, "list", limit="500", resourceVersion="0")
        async with reflecting(server, Target("Service")) as one:
            await server.until(lambda: server.requests["list", "services"])
            second = Gate()
            server.faults.add(second, "list")
            gate.open.set()
            await server.until(lambda: server.requests["list", "services"] == 2)
            server.expire_tokens()
            second.open.set()
            await one.heard.until(lambda: one.heard.synced)
            assert len(one.heard.objects) == 1_100
            assert one.counters["failures"] == 0
        assert "limit" not in [each.query for each in server.seen if each.verb == "list"][-1]


@pytest.mark.parametrize("bookmarks", [True, False])
async def test_a_watch_that_falls_silent_is_noticed(bookmarks: bool) -> None:
    async with serving() as server:
        server.initial_events = "refused"
        server.bookmarks = bookmarks
        server.apply("Ingress", "a")
        async with reflecting(server, INGRESSES) as one:
            await started(server, one)
            watch = await server.watched("ingresses")
            watch.send_bookmark(server.store.version)
            if bookmarks:
                await one.clock.bounded(90)
            else:
                await one.clock.bounded(int(watch.query["timeoutSeconds"]) + 30)
            watch.silent = True
            server.apply("Ingress", "b")
            one.clock.advance(90 if bookmarks else int(watch.query["timeoutSeconds"]) + 30)
            await one.clock.wake()
            await one.heard.names("a", "b")
            await ends_in_the_servers_state(server, one, "a", "b")
            assert one.counters["failures"] == 1
            assert [health.healthy for health in one.heard.health] == [True], "taken up at once: not worth a word"


async def test_a_server_that_accepts_and_never_answers_is_left() -> None:
    async with serving() as server:
        server.apply("Ingress", "a")
        server.faults.add(Silence(), times=2)
        async with reflecting(server, INGRESSES) as one:
            await server.until(lambda: server.requests["watch", "ingresses"])
            await one.clock.bounded(30)
            one.clock.advance(30)  # the watch with initial events
            assert await one.clock.wake() == pytest.approx(0.8)
            await server.until(lambda: server.requests["list", "ingresses"])
            await one.clock.bounded(90)
            one.clock.advance(90)  # the list
            assert await one.clock.wake() == pytest.approx(1.6)
            await one.heard.names("a")
            watch, listing = (health.error for health in one.heard.health[:2])
            assert watch.endswith("did not answer the watch of /apis/networking.k8s.io/v1/ingresses within 30 s")
            assert listing.endswith("did not answer GET /apis/networking.k8s.io/v1/ingresses within 90 s")


async def test_a_slow_list_is_waited_for() -> None:
    async with serving() as server:
        server.initial_events = "refused"
        server.apply("Ingress", "a")
        gate = Gate()
        server.faults.add(gate, "list")
        async with reflecting(server, INGRESSES) as one:
            await server.until(lambda: server.requests["list", "ingresses"])
            await one.clock.bounded(90)
            one.clock.advance(89)
            gate.open.set()
            await one.heard.names("a")
            assert one.counters["failures"] == 0


async def test_a_line_without_end_is_given_up() -> None:
    async with serving() as server:
        server.apply("Ingress", "a")
        async with reflecting(server, INGRESSES) as one:
            await started(server, one)
            watch = await server.watched("ingresses")
            for _ in range(9):
                watch.send(b"x" * 1024 * 1024)
            await one.clock.wake()
            await server.until(lambda: server.requests["watch", "ingresses"] == 2)
            await ends_in_the_servers_state(server, one, "a")
            assert (one.counters["failures"], one.counters["relists"]) == (1, 1)


async def test_an_object_as_large_as_they_get_comes_through() -> None:
    async with serving() as server, reflecting(server, Target("ConfigMap")) as one:
        await server.watched("configmaps")
        server.apply("ConfigMap", "large", data={"a": "x" * 3_000_000})
        await one.heard.names("large")
        assert one.counters["failures"] == 0


async def test_old_news_is_dropped() -> None:
    async with serving() as server:
        server.apply("Ingress", "a")
        async with reflecting(server, INGRESSES) as one:
            await started(server, one)
            watch = await server.watched("ingresses")
            server.apply("Ingress", "a", spec={})
            server.delete("Ingress", "a")
            newest = server.apply("Ingress", "a")
            await one.heard.until(lambda: one.heard.version("a") == newest["metadata"]["resourceVersion"])
            told = len(one.heard.batches)
            for old in list(server.store.history)[:-1]:
                watch.send_event(old)  # the first object's life again, its end included
            server.apply("Ingress", "b")
            await one.heard.names("a", "b")
            assert one.heard.version("a") == newest["metadata"]["resourceVersion"]
            assert one.counters["stale_events"] == 3
            assert len(one.heard.batches) == told + 1


async def test_what_was_deleted_does_not_come_back_because_it_is_said_again() -> None:
    async with serving() as server:
        server.apply("Ingress", "a")
        async with reflecting(server, INGRESSES) as one:
            await started(server, one)
            watch = await server.watched("ingresses")
            server.apply("Ingress", "a", spec={})
            server.delete("Ingress", "a")
            await one.heard.names()
            for old in list(server.store.history):
                watch.send_event(old)
            server.apply("Ingress", "b")
            await one.heard.names("b")
            assert one.counters["stale_events"] == 3


async def test_a_list_with_something_nameless_in_it_removes_nothing() -> None:
    async with serving() as server:
        server.initial_events = "refused"
        server.apply("Ingress", "a")
        clock = FakeClock(free=True)
        async with reflecting(server, INGRESSES, clock=clock) as one:
            await started(server, one)
            server.faults.add(Body(EMPTY.replace(b"[]", b"[{}]")), "list")
            server.store.compact()
            (await server.watched("ingresses")).send_status(410, "Expired", "too old")
            await one.heard.until(lambda: one.heard.lines)
            assert "an object without a readable name came" in one.heard.lines[0]
            await ends_in_the_servers_state(server, one, "a")
            assert not any(batch.deletes for batch in one.heard.batches)


async def test_a_missing_right_is_named_once_with_the_rule_that_is_missing() -> None:
    async with serving() as server:
        server.initial_events = "refused"
        server.faults.add(Answer(403, "Forbidden", "User cannot list"), "list", times=FOR_EVER)
        clock = FakeClock(free=True)
        async with reflecting(server, Target("Secret", "shop", "tls"), clock=clock) as one:
            await clock.until(lambda: clock.now() >= 1_000 + TEN_MINUTES)
            (health,) = one.heard.health
            assert health.error == (
                "not allowed to list secrets shop/tls; add to the Role in namespace shop: "
                'apiGroups: [""], resources: ["secrets"], resourceNames: ["tls"], verbs: ["list", "watch"]'
            )
            assert health.denial is not None
            assert health.denial.verb == "list"
            assert len(server.seen) <= ATTEMPTS + 1
            server.faults.clear()
            await one.heard.until(lambda: one.heard.synced and one.reflector.health.healthy)


async def test_a_mass_deletion_in_a_list_is_confirmed_first() -> None:
    async with serving() as server:
        for number in range(40):
            server.apply("Ingress", f"i-{number}")
        async with reflecting(server, INGRESSES, pace=Pace(confirm=5)) as one:
            await started(server, one)
            lists = server.requests["list", "ingresses"]
            for number in range(21):
                server.store.delete("Ingress", f"i-{number}")
            server.store.compact()
            server.drop_connections()
            await one.clock.wake()  # 410
            await one.clock.wake()  # a list that lacks most
            assert await one.clock.asleep() == 5
            assert len(one.heard.objects) == 40
            assert one.counters["storms"] == 1
            assert one.heard.lines == [f"{LACKS}; it is asked again before they are removed"]
            await one.clock.wake()
            await one.heard.until(lambda: len(one.heard.objects) == 19)
            assert server.requests["list", "ingresses"] == lists + 1
            assert "resourceVersion" not in [each.query for each in server.seen if each.verb == "list"][-1]
            assert one.heard.lines[1].endswith("a second list says the same: they are removed")


async def test_a_list_that_was_wrong_for_a_moment_removes_nothing() -> None:
    async with serving() as server:
        server.initial_events = "refused"
        for number in range(40):
            server.apply("Ingress", f"i-{number}")
        clock = FakeClock(free=True)
        async with reflecting(server, INGRESSES, clock=clock) as one:
            await started(server, one)
            server.faults.add(Body(EMPTY), "list")
            server.store.compact()
            (await server.watched("ingresses")).send_status(410, "Expired", "too old")
            await server.until(lambda: server.requests["list", "ingresses"] == 3)
            server.apply("Ingress", "i-40")
            await one.heard.until(lambda: len(one.heard.objects) == 41)
            assert one.counters["storms"] == 1
            assert not any(batch.deletes for batch in one.heard.batches)


async def test_objects_that_are_deleted_one_by_one_are_not_held_back() -> None:
    async with serving() as server:
        for number in range(40):
            server.apply("Ingress", f"i-{number}")
        async with reflecting(server, INGRESSES) as one:
            await started(server, one)
            for number in range(40):
                server.delete("Ingress", f"i-{number}")
            await one.heard.names()
            assert (one.heard.lines, one.counters["storms"]) == ([], 0)
