"""Objects of selected namespaces, in the orders in which a watch can tell of them."""

from collections.abc import Iterable

from gateway.kube.population import Batch
from gateway.objects.core import Namespace, Service
from gateway.objects.kinds import Object
from gateway.objects.meta import Metadata, ObjectKey
from gateway.objects.problems import Flaw, Problem
from gateway.sources.selected import Selected
from gateway.store.events import Delete, Event, Judged, Upsert
from gateway.verdicts.reasons_objects import OF_FLAW

WEB = ObjectKey("Service", "shop", "web")
PROBLEM = Problem(Flaw.WRONG_TYPE, "spec.ports", "none", "it is text", "write a list")


def selected() -> Selected:
    return Selected(lambda _key, _value: False)


def batch(
    *objects: Object,
    deletes: Iterable[ObjectKey] = (),
    flaws: dict[ObjectKey, tuple[Problem, ...]] | None = None,
) -> Batch:
    keys = {ObjectKey(type(one).__name__, one.metadata.namespace, one.metadata.name): one for one in objects}
    return Batch(keys, frozenset(deletes), flaws or {})


def web() -> Service:
    return Service(Metadata("web", "shop"))


def shop() -> Namespace:
    return Namespace(Metadata("shop"))


def codes(events: Iterable[Event]) -> list[list[str]]:
    return [[verdict.code for verdict in event.verdicts] for event in events if isinstance(event, Judged)]


def test_what_came_and_went_between_two_looks_is_gone_wherever_it_was() -> None:
    it = selected()
    assert list(it.objects(batch(deletes=[WEB]))) == []
    assert list(it.namespaces(batch(shop()))) == []
    assert list(it.objects(batch(deletes=[WEB]))) == [Delete(WEB)]
    list(it.objects(batch(web())))
    assert list(it.objects(batch(deletes=[WEB]))) == [Delete(WEB)]


def test_objects_follow_their_namespace() -> None:
    it = selected()
    assert list(it.objects(batch(web()))) == []
    assert list(it.namespaces(batch(shop()))) == [Upsert(WEB, web())]
    assert list(it.namespaces(batch(shop()))) == []
    assert list(it.namespaces(batch(deletes=[ObjectKey("Namespace", "", "shop")]))) == [Delete(WEB)]


def test_so_does_what_is_wrong_with_an_object() -> None:
    it = selected()
    assert list(it.objects(batch(flaws={WEB: (PROBLEM,)}))) == []
    assert codes(it.namespaces(batch(shop()))) == [[OF_FLAW[Flaw.WRONG_TYPE].code]]
    assert codes(it.namespaces(batch(deletes=[ObjectKey("Namespace", "", "shop")]))) == [[]]
    assert codes(it.objects(batch(web(), flaws={WEB: ()}))) == [[]]
    assert codes(it.namespaces(batch(shop()))) == []
