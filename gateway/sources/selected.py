"""Objects of the namespaces that a selector picks, as namespaces gain and lose the labels. Does no I/O."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from gateway.kube.population import Batch
from gateway.objects.kinds import Object
from gateway.objects.meta import ObjectKey
from gateway.objects.problems import Problem
from gateway.sources.judging import events_of, judged
from gateway.store.events import Delete, Event, Upsert

T = TypeVar("T")
Exempt = Callable[[ObjectKey, Object], bool]


class Selected:
    """`exempt` objects are told wherever they are: flags name them."""

    def __init__(self, exempt: Exempt) -> None:
        self._exempt = exempt
        self._selected: set[str] = set()
        self._objects: dict[str, dict[ObjectKey, Object]] = {}  # by namespace, selected or not
        self._flaws: dict[str, dict[ObjectKey, Sequence[Problem]]] = {}  # likewise
        self._told: set[ObjectKey] = set()  # of namespaces that are not selected

    def namespaces(self, batch: Batch) -> Iterator[Event]:
        """The Namespaces with the labels have changed."""
        for key in batch.upserts:
            yield from self._select(key.name)
        for key in batch.deletes:
            yield from self._deselect(key.name)

    def objects(self, batch: Batch) -> Iterator[Event]:
        upserts: dict[ObjectKey, Object] = {}
        deletes: set[ObjectKey] = set()
        for key, value in batch.upserts.items():
            _keep(self._objects, key, value)
            if self._passes(key, value):
                upserts[key] = value
            elif key in self._told:
                self._told.discard(key)
                deletes.add(key)
        for key in batch.deletes:
            _keep(self._objects, key, None)
            if key.namespace in self._selected or key in self._told:
                deletes.add(key)
            self._told.discard(key)
        for key, said in batch.flaws.items():
            _keep(self._flaws, key, said or None)
        flaws = {key: said for key, said in batch.flaws.items() if not said or key.namespace in self._selected}
        yield from events_of(Batch(upserts, frozenset(deletes), flaws))

    def _passes(self, key: ObjectKey, value: Object) -> bool:
        if key.namespace in self._selected:
            return True
        if not self._exempt(key, value):
            return False
        self._told.add(key)
        return True

    def _select(self, namespace: str) -> Iterable[Event]:
        if namespace in self._selected:
            return
        self._selected.add(namespace)
        for key, value in self._objects.get(namespace, {}).items():
            if key not in self._told:
                yield Upsert(key, value)
            self._told.discard(key)
        for key, said in self._flaws.get(namespace, {}).items():
            yield judged(key, said)

    def _deselect(self, namespace: str) -> Iterable[Event]:
        self._selected.discard(namespace)
        for key, value in self._objects.get(namespace, {}).items():
            if self._exempt(key, value):
                self._told.add(key)
            else:
                yield Delete(key)
        for key in self._flaws.get(namespace, {}):
            yield judged(key)


def _keep(place: dict[str, dict[ObjectKey, T]], key: ObjectKey, value: T | None) -> None:
    """None takes it away, if it is there: what came and went at once was never told."""
    if value is not None:
        place.setdefault(key.namespace, {})[key] = value
        return
    left = place.get(key.namespace, {})
    left.pop(key, None)
    if not left:
        place.pop(key.namespace, None)
