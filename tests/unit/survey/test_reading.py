"""Sources that are read once: all that they have, what they read later included, and no longer."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import pytest

from gateway.objects.meta import ObjectKey
from gateway.sources.source import Sink
from gateway.store.events import Event, Synced, Upsert
from gateway.survey.reading import NotReadError, read
from gateway.survey.standing import Standing, stand
from tests.golden.objects import load
from tests.golden.stand_ins import rules

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a, namespace: default}
spec:
  ingressClassName: nginx
  tls: [{hosts: [a.example], secretName: late}]
  rules:
  - host: a.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: mapped, port: {number: 80}}}}]}
"""
SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: late, namespace: default}
type: kubernetes.io/tls
stringData: {tls.crt: "{names: [a.example], key: k}", tls.key: k}
"""


class Scripted:
    """Tells `first`; what is referred to, it tells later, by `later`."""

    edited = False

    def __init__(self, name: str, first: Sequence[Event] | Exception, later: Sequence[Event] = ()) -> None:
        self.name = name
        self.first = first
        self.later = later
        self.reading = False
        self.cancelled = False
        self._sink: Sink = lambda _events: None

    async def run(self, sink: Sink) -> None:
        self._sink = sink
        try:
            await asyncio.sleep(0)
            if isinstance(self.first, Exception):
                raise self.first
            sink(self.first)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    def refer(self, keys: AbstractSet[ObjectKey]) -> None:
        if self.later and any(key.kind == "Secret" for key in keys) and not self.reading:
            self.reading = True
            later, self.later = self.later, ()

            def tell() -> None:
                self.reading = False
                self._sink(later)

            asyncio.get_running_loop().call_soon(tell)


def upserts(text: str) -> list[Event]:
    return [event for event in load(text) if isinstance(event, Upsert)]


@pytest.fixture
def standing() -> Standing:
    return stand(rules(), None, _never)


def _never(_root: bytes, _segments: list[bytes], _question: bytes) -> bytes:
    raise AssertionError("nobody asks")


async def test_what_is_referred_to_is_waited_for(standing: Standing) -> None:
    source = Scripted("one", [*upserts(INGRESS), Synced("one")], upserts(SECRET))
    other = Scripted("other", [Synced("other")])
    await read([source, other], standing)
    assert {verdict.code for verdict in standing.verdicts()} == set()
    assert standing.store.secret("default", "late") is not None
    assert source.cancelled
    assert other.cancelled


async def test_a_source_that_never_tells_all_is_named(standing: Standing) -> None:
    silent = Scripted("silent", upserts(INGRESS))
    with pytest.raises(NotReadError, match="still missing: silent"):
        await read([Scripted("quick", [Synced("quick")]), silent], standing, patience=0.05)
    assert silent.cancelled


async def test_a_bug_of_a_source_is_raised(standing: Standing) -> None:
    with pytest.raises(ZeroDivisionError):
        await read([Scripted("broken", ZeroDivisionError())], standing)
