"""From the store and the translator to what the reporter sees."""

from gateway.objects.core import Service
from gateway.objects.ingress import (
    HTTPIngressPath,
    HTTPIngressRuleValue,
    Ingress,
    IngressBackend,
    IngressLoadBalancerIngress,
    IngressLoadBalancerStatus,
    IngressRule,
    IngressServiceBackend,
    IngressSpec,
    IngressStatus,
    ServiceBackendPort,
)
from gateway.objects.meta import Metadata, ObjectKey
from gateway.status.ingresses import StoredIngresses
from gateway.status.plan import Seen
from gateway.store.events import Delete, Upsert
from gateway.store.store import Store
from gateway.translate.translate import Translator
from tests.golden.stand_ins import rules

OBSERVED = (IngressLoadBalancerIngress("192.0.2.1"),)


def ingress(name: str, *, version: str = "1", uid: str = "u", of: str = "nginx", created: int = 0) -> Ingress:
    backend = IngressBackend(IngressServiceBackend("web", ServiceBackendPort(number=80)))
    rule = IngressRule(f"{name}.example", HTTPIngressRuleValue((HTTPIngressPath(backend, "/", "Prefix"),)))
    meta = Metadata(name, "default", uid and f"{uid}-{name}", version)
    if created:
        meta = Metadata(
            name, "default", f"{uid}-{name}", version, creation_timestamp=meta.creation_timestamp.replace(year=created)
        )
    status = IngressStatus(IngressLoadBalancerStatus(OBSERVED)) if version == "2" else IngressStatus()
    return Ingress(meta, IngressSpec(of, rules=(rule,)), status)


class World:
    def __init__(self) -> None:
        self.store = Store()
        self.translator = Translator(self.store, rules(class_objects_required=False))
        self.ingresses = StoredIngresses(self.store, self.translator.served)

    def put(self, *values: Ingress | Service) -> dict[tuple[str, str], bool]:
        self.store.apply(
            [Upsert(ObjectKey(type(one).__name__, one.metadata.namespace, one.metadata.name), one) for one in values]
        )
        return self.turn()

    def turn(self) -> dict[tuple[str, str], bool]:
        self.translator.update(self.store.take_dirty())
        return self.translator.take_served()


def test_what_is_served_comes_and_goes() -> None:
    world = World()
    a, b = ("default", "a"), ("default", "b")
    assert world.put(ingress("a"), ingress("b", of="other")) == {a: True}
    assert world.translator.serves(*a)
    assert not world.translator.serves(*b)
    assert world.put(ingress("b")) == {b: True}
    assert world.put(ingress("a", of="other")) == {a: False}
    assert sorted(world.translator.served()) == [b]
    world.store.apply([Delete(ObjectKey("Ingress", *b))])
    assert world.turn() == {b: False}
    assert world.turn() == {}


def test_another_object_under_the_same_name_comes_again() -> None:
    world = World()
    world.put(ingress("a", created=2020))
    assert world.put(ingress("a", created=2020)) == {}
    assert world.put(ingress("a", uid="v", created=2021)) == {("default", "a"): True}


def test_a_status_is_seen_and_makes_no_work() -> None:
    world = World()
    world.put(ingress("a"))
    assert list(world.ingresses.served()) == [Seen("default", "a", "u-a", "1")]
    assert world.put(ingress("a", version="2")) == {}
    assert world.translator.work.claims == 0
    assert list(world.ingresses.served()) == [Seen("default", "a", "u-a", "2", OBSERVED)]
    assert world.ingresses.find(("default", "a")) == Seen("default", "a", "u-a", "2", OBSERVED)
    assert world.ingresses.find(("default", "none")) is None


def test_objects_of_files_have_no_status() -> None:
    world = World()
    world.put(ingress("a", uid=""))
    assert list(world.translator.served()) == [("default", "a")]
    assert list(world.ingresses.served()) == []
