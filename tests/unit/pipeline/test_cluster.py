"""The loop with the real store, translation and tree, and a source that behaves as a cluster does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from collections.abc import Set as AbstractSet
from typing import Any

from gateway.encode.tree import Tree
from gateway.ir.secret import Secret as SecretBytes
from gateway.objects.core import (
    EndpointSlice,
    Secret,
    Service,
    ServicePort,
    ServiceSpec,
    SliceEndpoint,
    SlicePort,
)
from gateway.objects.ingress import (
    HTTPIngressPath,
    HTTPIngressRuleValue,
    Ingress,
    IngressBackend,
    IngressRule,
    IngressServiceBackend,
    IngressSpec,
    IngressTLS,
    ServiceBackendPort,
)
from gateway.objects.kinds import Object
from gateway.objects.meta import Metadata, ObjectKey
from gateway.pipeline import Pipeline
from gateway.publish.outcome import Cause
from gateway.settings.control import PaceSettings
from gateway.sources.source import Sink
from gateway.store.events import Synced, Unread, Upsert
from gateway.store.store import SERVICE_LABEL, Store
from gateway.translate.translate import Translator
from tests.golden.stand_ins import rules
from tests.support.virtual_time import run_virtually

HOST = "shop.example"
SECRET = ObjectKey("Secret", "default", "shop-tls")


class ClusterSource:
    """Secrets come when the test says so."""

    name = "kubernetes"
    edited = False

    def __init__(self) -> None:
        self.sink: Sink = lambda _events: None
        self.started = asyncio.Event()
        self.pending: set[ObjectKey] = set()

    async def run(self, sink: Sink) -> None:
        self.sink = sink
        self.started.set()
        await asyncio.Event().wait()

    def refer(self, keys: AbstractSet[ObjectKey]) -> None:
        self.pending = set(keys)
        self.sink([Unread(key, "it has not been read yet", "wait") for key in sorted(keys)])

    @property
    def reading(self) -> bool:
        return bool(self.pending)

    def upsert(self, *objects: Object) -> None:
        keys = [ObjectKey(type(one).__name__, one.metadata.namespace, one.metadata.name) for one in objects]
        self.pending.difference_update(keys)
        cleared = [Unread(key) for key in keys if key.kind == "Secret"]
        self.sink([*map(Upsert, keys, objects), *cleared])


class Desk:
    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.source = ClusterSource()
        self.store = Store()
        self.translator = Translator(self.store, rules(service_map=lambda *_: None))
        self.tree = Tree()
        self.offers: list[tuple[float, Cause]] = []
        self.codes: list[set[str]] = []
        self.turns = 0
        self.complaints: list[str] = []
        self.pipeline = Pipeline(
            [self.source],
            self.store,
            self.translator,
            self.tree,
            offer=lambda cause: self.offers.append((loop.time(), cause)),
            unchanged=lambda _: None,
            judged=self._judged,
            complain=self.complaints.append,
            pace=PaceSettings(),
            monotonic=loop.time,
        )

    def _judged(self) -> bool:
        self.turns += 1
        self.codes.append({verdict.code for verdict in self.translator.verdicts()})
        return False


@contextlib.asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    it = Desk()
    running = asyncio.create_task(it.pipeline.run())
    await it.source.started.wait()
    try:
        yield it
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert it.complaints == []


def virtually(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    run_virtually(main())


def ingress(secret: str = "", name: str = "shop") -> Ingress:
    backend = IngressBackend(IngressServiceBackend("shop", ServiceBackendPort(number=80)))
    rule = IngressRule(HOST, HTTPIngressRuleValue((HTTPIngressPath(backend, "/", "Prefix"),)))
    tls = (IngressTLS((HOST,), secret),) if secret else ()
    return Ingress(Metadata(name, "default"), IngressSpec("nginx", tls=tls, rules=(rule,)))


def service() -> Service:
    return Service(Metadata("shop", "default"), ServiceSpec(ports=(ServicePort(80),)))


def endpoints(number: int, of: str = "shop") -> EndpointSlice:
    meta = Metadata(f"{of}-1", "default", resource_version=str(number), labels={SERVICE_LABEL: of})
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return EndpointSlice(meta, "IPv4", (SliceEndpoint((address,)),), (SlicePort(8080),))


def secret(name: str = "shop-tls") -> Secret:
    data = {"tls.crt": SecretBytes(f"{{names: [{HOST}], key: one}}".encode()), "tls.key": SecretBytes(b"one")}
    return Secret(Metadata(name, "default"), "kubernetes.io/tls", data)


def test_a_publication_waits_for_a_secret_so_that_nobody_sees_a_wrong_verdict() -> None:
    async def main() -> None:
        async with desk() as it:
            it.source.upsert(service(), endpoints(1), ingress("shop-tls"))
            it.source.sink([Synced("kubernetes")])
            await asyncio.sleep(1.0)
            assert it.source.pending == {SECRET}
            assert it.offers == []
            assert it.codes == []
            it.source.upsert(secret())
            await asyncio.sleep(1.0)
            assert len(it.offers) == 1
            assert it.codes == [set()]
            # The same for a change of what is served already.
            it.source.upsert(ingress("new-tls"))
            await asyncio.sleep(1.0)
            assert len(it.offers) == 1
            it.source.upsert(secret("new-tls"))
            await asyncio.sleep(1.0)
            assert len(it.offers) == 2
            assert it.codes == [set(), set()]

    virtually(main)


def test_it_waits_for_a_bounded_time_and_then_the_verdict_says_that_it_could_not_be_read() -> None:
    async def main() -> None:
        async with desk() as it:
            began = asyncio.get_running_loop().time()
            it.source.upsert(service(), endpoints(1), ingress())
            it.source.sink([Synced("kubernetes")])
            await asyncio.sleep(1.0)
            assert len(it.offers) == 1
            it.source.upsert(ingress("shop-tls"))
            await asyncio.sleep(10.0)
            ((first, _), (second, _)) = it.offers
            assert first - began < 0.3
            assert 2.5 <= second - began - 1.0 < 3.0
            assert it.codes[-1] == {"GW271"}
            assert not any("GW260" in codes for codes in it.codes)

    virtually(main)


def test_a_thousand_changes_a_second_are_few_publications() -> None:
    async def main() -> None:
        async with desk() as it:
            it.source.upsert(service(), endpoints(1), ingress())
            it.source.sink([Synced("kubernetes")])
            await asyncio.sleep(1.0)
            before = len(it.offers)
            for number in range(2, 2_002):
                it.source.upsert(endpoints(number))
                await asyncio.sleep(0.001)
            await asyncio.sleep(1.0)
            made = len(it.offers) - before
            assert 2 <= made <= 2 / 0.25 + 1
            (backend,) = it.translator._backends.values()
            assert backend.backend.endpoints[0].address == "10.0.7.209"  # the last of them

    virtually(main)


def test_slices_that_nobody_refers_to_are_no_work_and_serve_at_once_when_somebody_does() -> None:
    async def main() -> None:
        async with desk() as it:
            it.source.upsert(service(), endpoints(1), ingress())
            it.source.sink([Synced("kubernetes")])
            await asyncio.sleep(1.0)
            turns, offers = it.turns, len(it.offers)
            for number in range(500):
                it.source.upsert(endpoints(number, of=f"other-{number % 10}"))
                await asyncio.sleep(0.001)
            it.source.upsert(endpoints(1))  # a new version that says nothing new
            await asyncio.sleep(1.0)
            assert (it.turns, len(it.offers)) == (turns, offers)
            assert it.store.endpoint_slices("default", "other-3") != ()

    virtually(main)


def test_a_cluster_without_any_ingress_is_published_too() -> None:
    async def main() -> None:
        async with desk() as it:
            it.source.upsert(endpoints(1, of="other"))
            it.source.sink([Synced("kubernetes")])
            await asyncio.sleep(1.0)
            assert len(it.offers) == 1

    virtually(main)
