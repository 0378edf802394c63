"""The source `kubernetes` over a real socket: what the store comes to hold, and what is asked of the API server."""

import asyncio
import base64
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from gateway.kube.client import Client
from gateway.objects.meta import ObjectKey
from gateway.settings.cluster import ClusterSettings
from gateway.settings.values import ObjectName
from gateway.settings.watch import WatchPace, WatchSettings
from gateway.sources.kubernetes import KubernetesSource
from gateway.store.events import Delete, Event, Synced, Upsert
from gateway.store.store import Store
from tests.support.api_faults import FOR_EVER, Answer, Gate, Silence
from tests.support.fake_api_server import FakeApiServer, serving
from tests.support.fake_clock import FakeClock

TLS = ObjectKey("Secret", "default", "tls")
OTHER = ObjectKey("Secret", "default", "other")
ANY_CLASS = ObjectKey("IngressClass", "", "")


class Heard:
    """A store, and everything that it was told."""

    def __init__(self, source: KubernetesSource, clock: FakeClock, lines: list[str]) -> None:
        self.source = source
        self.clock = clock
        self.lines = lines
        self.store = Store()
        self.events: list[Event] = []
        self._changed = asyncio.Condition()
        self._telling: set[asyncio.Task[None]] = set()

    def sink(self, events: Sequence[Event]) -> None:
        self.events += events
        self.store.apply(events)
        task = asyncio.create_task(self.look())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def say(self, line: str) -> None:
        self.lines.append(line)
        task = asyncio.create_task(self.look())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def look(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: bool(true()))

    async def synced(self) -> None:
        await self.until(lambda: self.store.synced("kubernetes"))

    def unread(self) -> str | None:
        """Why the Secret could not be read."""
        said = self.store.unread(TLS)
        return said.reason if said else None

    def chain(self) -> bytes | None:
        secret = self.store.secret("default", "tls")
        return bytes(secret.data["tls.crt"]) if secret else None

    def names(self, kind: str) -> set[str]:
        kept: set[str] = set()
        for event in self.events:
            if isinstance(event, Upsert) and event.key.kind == kind:
                kept.add(f"{event.key.namespace}/{event.key.name}")
            elif isinstance(event, Delete) and event.key.kind == kind:
                kept.discard(f"{event.key.namespace}/{event.key.name}")
        return kept


@contextlib.asynccontextmanager
async def sourcing(
    server: FakeApiServer,
    watch: WatchSettings | None = None,
    default_backend: ObjectName | None = None,
    pace: WatchPace | None = None,
) -> AsyncIterator[Heard]:
    clock, lines = FakeClock(), list[str]()
    client = await Client.connect(ClusterSettings(apiserver_host=server.url), clock=clock, environ={})
    heard: Heard

    def say(line: str) -> None:
        heard.say(line)

    source = KubernetesSource(
        client,
        server.url,
        watch or WatchSettings(),
        default_backend=default_backend,
        say=say,
        clock=clock,
        uniform=lambda: 1.0,
        pace=pace or WatchPace(),
    )
    heard = Heard(source, clock, lines)
    running = asyncio.create_task(source.run(heard.sink))
    try:
        yield heard
    finally:
        done = running.done()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await client.close()
        assert not done


def apply_secret(server: FakeApiServer, name: str = "tls", content: str = "chain") -> None:
    server.apply(
        "Secret", name, type="kubernetes.io/tls", data={"tls.crt": base64.b64encode(content.encode()).decode()}
    )


def apply_slice(server: FakeApiServer, name: str, service: str, namespace: str = "default") -> None:
    labels = {"kubernetes.io/service-name": service}
    server.apply("EndpointSlice", name, namespace, metadata={"labels": labels}, addressType="IPv4", endpoints=[])


async def test_nothing_is_synced_before_every_kind_is() -> None:
    async with serving() as server:
        server.apply("Ingress", "a")
        server.apply("Service", "a")
        gate = Gate()
        server.faults.add(gate, "", "services")
        async with sourcing(server) as heard:
            await heard.until(lambda: heard.names("Ingress"))
            await server.watched("endpointslices")
            await server.watched("ingressclasses")
            assert not heard.store.synced("kubernetes")
            gate.open.set()
            await heard.synced()
            assert heard.store.service("default", "a") is not None
            assert sum(isinstance(event, Synced) for event in heard.events) == 1
            server.delete("Ingress", "a")
            await heard.until(lambda: not heard.names("Ingress"))
        assert not server.requests.keys() & {("list", "secrets"), ("watch", "secrets"), ("watch", "namespaces")}


async def test_secrets_are_read_by_name_while_they_are_referred_to() -> None:
    async with serving() as server, sourcing(server) as heard:
        apply_secret(server)
        apply_secret(server, "other")
        await heard.synced()
        heard.source.refer({TLS})
        assert heard.source.reading
        assert heard.unread() == "it has not been read yet"
        await heard.until(lambda: heard.store.secret("default", "tls"))
        await heard.until(lambda: not heard.source.reading)
        assert heard.unread() is None
        assert {one.query["fieldSelector"] for one in server.seen if one.resource == "secrets"} == {"metadata.name=tls"}
        apply_secret(server, content="renewed")
        await heard.until(lambda: heard.chain() == b"renewed")
        heard.source.refer(frozenset())
        assert heard.chain() is None
        await server.until(lambda: not server.of("secrets"))


async def test_a_secret_that_does_not_exist_is_known_to_be_missing_and_read_once_it_comes() -> None:
    async with serving() as server, sourcing(server) as heard:
        await heard.synced()
        heard.source.refer({TLS})
        await heard.until(lambda: not heard.source.reading)
        assert heard.store.unread(TLS) is None
        await server.watched("secrets")
        apply_secret(server)
        await heard.until(lambda: heard.store.secret("default", "tls"))
        server.delete("Secret", "tls")
        await heard.until(lambda: heard.store.secret("default", "tls") is None)
        assert heard.store.unread(TLS) is None


async def test_a_secret_that_may_not_be_read_costs_nothing_else_and_is_read_once_it_may() -> None:
    async with serving() as server, sourcing(server) as heard:
        apply_secret(server)
        apply_secret(server, "other")
        server.faults.add(Answer(403, "Forbidden", "no"), "", "secrets", fieldSelector="metadata.name=tls")
        await heard.synced()
        heard.source.refer({TLS, OTHER})
        await heard.until(lambda: heard.store.secret("default", "other") and not heard.source.reading)
        unread = heard.store.unread(TLS)
        assert unread is not None
        assert unread.reason == "the gateway is not allowed to list secrets default/tls"
        assert unread.fix == (
            'add to the Role in namespace default: apiGroups: [""], resources: ["secrets"], resourceNames: ["tls"], '
            'verbs: ["list", "watch"]'
        )
        assert heard.lines == []
        await heard.clock.until(lambda: heard.clock.slept)
        heard.clock.advance(1)
        await heard.until(lambda: heard.store.secret("default", "tls"))
        assert heard.store.unread(TLS) is None


async def test_a_secret_that_does_not_come_is_waited_for_only_for_a_while() -> None:
    async with serving() as server, sourcing(server) as heard:
        await heard.synced()
        server.faults.add(Silence(), "", "secrets", times=FOR_EVER)
        heard.source.refer({TLS})
        await server.until(lambda: any(one.resource == "secrets" for one in server.seen))
        await heard.clock.bounded(2.0)
        assert heard.source.reading
        heard.clock.advance(2.0)
        await heard.until(lambda: not heard.source.reading)
        unread = heard.store.unread(TLS)
        assert unread is not None
        assert unread.reason == "the API server has not answered within 2 s"


async def test_a_malformed_secret_is_judged_and_its_referrers_are_told() -> None:
    async with serving() as server, sourcing(server) as heard:
        server.apply("Secret", "tls", type="kubernetes.io/tls", data={"tls.crt": "not base64!"})
        await heard.synced()
        heard.source.refer({TLS})
        await heard.until(lambda: not heard.source.reading)
        unread = heard.store.unread(TLS)
        assert unread is not None
        assert unread.reason.startswith("it is malformed (")
        (verdict,) = heard.store.verdicts()
        assert (str(verdict.object), verdict.code) == ("Secret default/tls", "GW109")
        apply_secret(server)
        await heard.until(lambda: heard.store.secret("default", "tls"))
        assert heard.store.unread(TLS) is None
        assert list(heard.store.verdicts()) == []


async def test_thousands_of_secrets_are_read_some_at_a_time() -> None:
    async with serving() as server, sourcing(server) as heard:
        await heard.synced()
        gate = Gate()
        server.faults.add(gate, "", "secrets", times=FOR_EVER)
        keys = {ObjectKey("Secret", "default", f"s-{number}") for number in range(100)}
        heard.source.refer(keys)
        await server.until(lambda: sum(one.resource == "secrets" for one in server.seen) == 32)
        for _ in range(50):
            await asyncio.sleep(0)
        assert sum(one.resource == "secrets" for one in server.seen) == 32
        gate.open.set()
        await heard.until(lambda: not heard.source.reading)
        assert not any(heard.store.unread(key) for key in keys)


async def test_secrets_are_watched_once_all_are_read_and_not_all_at_once() -> None:
    async with serving() as server:
        keys = {ObjectKey("Secret", "default", f"s-{number}") for number in range(8)}
        for key in keys:
            apply_secret(server, key.name)
        pace = WatchPace(readers=2, openings=10.0, opened_at_once=3)
        async with sourcing(server, pace=pace) as heard:
            await heard.synced()
            gate = Gate()
            server.faults.add(gate, "list", "secrets", fieldSelector="metadata.name=s-7")
            heard.source.refer(keys)
            await heard.until(lambda: sum(heard.store.secret("default", key.name) is not None for key in keys) == 7)
            assert server.requests["watch", "secrets"] == 0
            gate.open.set()
            await server.until(lambda: server.requests["watch", "secrets"] == 3)
            assert not heard.source.reading
            for number in range(4, 9):
                await heard.clock.until(lambda: 0.1 in [round(one, 3) for one in heard.clock.slept])
                heard.clock.advance(0.1)
                await server.until(
                    functools.partial(lambda least: server.requests["watch", "secrets"] >= least, number)
                )


async def test_where_secrets_are_too_many_to_watch_at_once_they_take_turns_and_none_is_forgotten() -> None:
    async with serving() as server:
        keys = [ObjectKey("Secret", "default", f"s-{number:02}") for number in range(10)]
        for key in keys:
            apply_secret(server, key.name)
        async with sourcing(server, pace=WatchPace(watches=4, readers=2, turn=20.0)) as heard:
            await heard.synced()
            heard.source.refer(set(keys))
            await heard.until(lambda: not heard.source.reading)
            await server.until(lambda: len(server.of("secrets")) == 4)
            # A new one is read at once, and what changes is heard of in turn: renewed, gone, and there again.
            apply_secret(server, "new")
            heard.source.refer({*keys, ObjectKey("Secret", "default", "new")})
            await heard.until(lambda: not heard.source.reading)
            assert heard.store.secret("default", "new") is not None
            for key in keys[1:]:
                apply_secret(server, key.name, content="renewed")
            server.delete("Secret", "s-00")

            def opened(least: int) -> bool:
                return server.requests["watch", "secrets"] >= least

            so_far = server.requests["watch", "secrets"]
            for turn in range(1, 4):
                await heard.clock.wake()
                await server.until(functools.partial(opened, so_far + 4 * turn))
                await server.until(lambda: len(server.of("secrets")) == 4)

            def renewed(key: ObjectKey) -> bool:
                found = heard.store.secret(key.namespace, key.name)
                return found is not None and bytes(found.data["tls.crt"]) == b"renewed"

            await heard.until(lambda: all(map(renewed, keys[1:])))
            await heard.until(lambda: heard.store.secret("default", "s-00") is None)
            # When the rest is not referred to any more, nobody has to leave.
            heard.source.refer(set(keys[1:4]))
            await server.until(lambda: len(server.of("secrets")) == 3)
            assert heard.lines == []


async def test_an_object_that_comes_and_goes_at_once_in_a_namespace_that_is_not_selected() -> None:
    async with serving() as server:
        server.apply("Namespace", "shop", metadata={"labels": {"team": "a"}})
        async with sourcing(server, WatchSettings(watch_namespace_selector="team=a")) as heard:
            await heard.synced()
            await server.watched("services")
            for number in range(20):
                server.apply("Service", f"web-{number}", "blog")
                server.delete("Service", f"web-{number}", "blog")
            server.apply("Service", "web", "shop")
            await heard.until(lambda: heard.names("Service") == {"shop/web"})


async def test_namespaces_come_and_go_with_their_labels() -> None:
    async with serving() as server:
        server.apply("Namespace", "shop", metadata={"labels": {"team": "a"}})
        server.apply("Namespace", "blog")
        for namespace in ("shop", "blog"):
            server.apply("Ingress", "web", namespace)
            server.apply("Service", "web", namespace)
        server.apply("Service", "sorry", "blog")
        apply_slice(server, "sorry-1", "sorry", "blog")
        apply_slice(server, "web-1", "web", "blog")
        watch = WatchSettings(watch_namespace_selector="team=a")
        async with sourcing(server, watch, ObjectName("blog", "sorry")) as heard:
            await heard.synced()
            await heard.until(lambda: heard.names("EndpointSlice"))
            assert heard.names("Ingress") == {"shop/web"}
            assert heard.names("Service") == {"shop/web", "blog/sorry"}
            assert heard.names("EndpointSlice") == {"blog/sorry-1"}
            await server.watched("namespaces")
            server.apply("Namespace", "blog", metadata={"labels": {"team": "a"}})
            await heard.until(lambda: heard.names("Ingress") == {"shop/web", "blog/web"})
            assert heard.names("EndpointSlice") == {"blog/sorry-1", "blog/web-1"}
            server.delete("Namespace", "shop")
            await heard.until(lambda: heard.names("Ingress") == {"blog/web"})
            server.delete("Namespace", "blog")
            await heard.until(lambda: heard.names("Ingress") == set())
            assert heard.names("Service") == {"blog/sorry"}
            server.delete("Service", "sorry", "blog")
            await heard.until(lambda: heard.names("Service") == set())


async def test_in_one_namespace_rights_in_it_suffice() -> None:
    async with serving() as server:
        server.apply("Ingress", "web", "shop")
        server.apply("Ingress", "web", "blog")
        server.apply("Service", "sorry", "infra")
        server.apply("Service", "other", "infra")
        apply_slice(server, "sorry-1", "sorry", "infra")
        apply_slice(server, "other-1", "other", "infra")
        server.faults.add(Answer(403, "Forbidden", "no"), "", "ingressclasses", times=FOR_EVER)
        watch = WatchSettings(watch_namespace="shop", configmap=ObjectName("infra", "options"))
        async with sourcing(server, watch, ObjectName("infra", "sorry")) as heard:
            await heard.synced()
            assert heard.names("Ingress") == {"shop/web"}
            assert heard.names("Service") == {"infra/sorry"}
            assert heard.names("EndpointSlice") == {"infra/sorry-1"}
            unread = heard.store.unread(ANY_CLASS)
            assert unread is not None
            assert unread.reason == "not allowed to watch ingressclasses"
            rule = (
                "cluster: not allowed to watch ingressclasses; add to the ClusterRole: "
                'apiGroups: ["networking.k8s.io"], resources: ["ingressclasses"], verbs: ["list", "watch"]'
            )
            assert [line for line in heard.lines if "ingressclasses" in line] == [rule]
            server.apply("ConfigMap", "options", "infra", data={"use-gzip": "true"})
            await heard.until(lambda: heard.store.config_map("infra", "options"))
        asked = {(one.namespace, one.resource) for one in server.seen}
        assert ("", "services") not in asked
        assert ("", "ingresses") not in asked


async def test_an_outage_is_told_once_and_once_more_when_it_is_over_and_nothing_is_forgotten() -> None:
    async with serving() as server, sourcing(server) as heard:
        server.apply("Ingress", "web")
        await heard.synced()
        await heard.until(lambda: heard.names("Ingress"))
        for resource in ("ingresses", "services", "endpointslices", "ingressclasses"):
            await server.watched(resource)
        server.faults.add(Answer(500, "InternalError", "out of order"), times=FOR_EVER)
        server.end_watches()
        enough = len(heard.clock.slept)
        for turn in range(7):  # each reflector fails, and sleeps
            enough += 4
            await heard.clock.until(functools.partial(lambda wanted: len(heard.clock.slept) >= wanted, enough))
            if turn < 6:
                heard.clock.advance(60)
        await heard.until(lambda: heard.source.stale)
        told = [line for line in heard.lines if "still" not in line]
        assert len(told) == 1
        assert "500 InternalError: out of order; traffic goes on under what is known" in told[0]
        reminded = [line for line in heard.lines if "still" in line]
        assert len(reminded) == 1
        assert "what is known is 300 s old" in reminded[0]
        assert heard.names("Ingress") == {"default/web"}
        server.faults.clear()
        server.apply("Ingress", "new")
        heard.clock.advance(60)
        await heard.until(lambda: not heard.source.stale)
        await heard.until(lambda: heard.names("Ingress") == {"default/web", "default/new"})
        assert heard.lines[-1].startswith(f"cluster: {server.url} is watched again after ")
        assert heard.source.age() == 0


async def test_in_an_outage_nobody_asks_for_secrets_until_somebody_is_answered() -> None:
    async with serving() as server:
        keys = {ObjectKey("Secret", "default", f"s-{number}") for number in range(10)}
        for key in keys:
            apply_secret(server, key.name)
        async with sourcing(server, pace=WatchPace(openings=10.0, opened_at_once=12)) as heard:
            await heard.synced()
            heard.source.refer(keys)
            await server.until(lambda: len(server.of("secrets")) == 10)
            for resource in ("ingresses", "services", "endpointslices", "ingressclasses"):
                await server.watched(resource)
            server.faults.add(Answer(500, "InternalError", "out of order"), times=FOR_EVER)
            server.end_watches()
            await heard.clock.until(lambda: len(heard.clock.slept) >= 14)
            heard.clock.advance(60)
            await heard.clock.until(lambda: heard.source.away)

            async def tried() -> int:
                """By every kind, once more; how often Secrets were asked for so far."""
                enough = len(heard.clock.slept) + 4
                heard.clock.advance(60)
                await heard.clock.until(lambda: len(heard.clock.slept) >= enough)
                return server.requests["watch", "secrets"] + server.requests["list", "secrets"]

            so_far = await tried()
            assert [await tried() for _ in range(5)] == [so_far] * 5
            server.faults.clear()
            apply_secret(server, "s-3", content="renewed")
            heard.clock.advance(60)
            await server.until(lambda: len(server.of("secrets")) == 10)

            def renewed() -> bool:
                found = heard.store.secret("default", "s-3")
                return found is not None and bytes(found.data["tls.crt"]) == b"renewed"

            await heard.until(renewed)


@pytest.mark.parametrize("content", [{"spec": {"rules": "none"}}])
async def test_a_malformed_object_is_judged_and_its_last_version_stays(content: dict[str, Any]) -> None:
    async with serving() as server, sourcing(server) as heard:
        server.apply("Ingress", "web", spec={})
        await heard.synced()
        await heard.until(lambda: heard.names("Ingress"))
        await server.watched("ingresses")
        server.apply("Ingress", "web", **content)
        await heard.until(lambda: list(heard.store.verdicts()))
        assert [str(one.object) for one in heard.store.verdicts()] == ["Ingress default/web"]
        assert heard.store.ingress("default", "web") is not None
        server.apply("Ingress", "web", spec={})
        await heard.until(lambda: not list(heard.store.verdicts()))


async def test_a_cluster_without_grants_or_the_right_to_read_them_is_served_on() -> None:
    for fault in (Answer(404, "NotFound", "no such resource"), Answer(403, "Forbidden", "no")):
        async with serving() as server:
            server.apply("Ingress", "web")
            server.faults.add(fault, "", "referencegrants", times=FOR_EVER)
            async with sourcing(server) as heard:
                await heard.synced()
                assert heard.names("Ingress") == {"default/web"}
                unread = heard.store.unread(ObjectKey("ReferenceGrant", "", ""))
                assert (unread is not None) is (fault.status == 403)
                assert bool(heard.lines) is (fault.status == 403), heard.lines
                assert not heard.source.stale


async def test_grants_come_and_go() -> None:
    async with serving() as server, sourcing(server) as heard:
        await heard.synced()
        spec = {
            "from": [{"group": "networking.k8s.io", "kind": "Ingress", "namespace": "shop"}],
            "to": [{"group": "", "kind": "Secret"}],
        }
        server.apply("ReferenceGrant", "g", "vault", spec=spec)
        await heard.until(lambda: tuple(heard.store.reference_grants("vault")))
        (grant,) = heard.store.reference_grants("vault")
        assert grant.spec.from_[0].namespace == "shop"
        server.delete("ReferenceGrant", "g", "vault")
        await heard.until(lambda: not tuple(heard.store.reference_grants("vault")))
