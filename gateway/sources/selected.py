"""Objects of the namespaces that a selector picks, as namespaces gain and lose the labels. Does no I/O."""

from collections.abc import Callable, Iterable, Iterator

from gateway.kube.population import Batch
from gateway.objects.kinds import Object
from gateway.objects.meta import ObjectKey
from gateway.sources.judging import events_of, judged
from gateway.store.events import Delete, Event, Upsert

Exempt = Callable[[ObjectKey, Object], bool]


class Selected:
    """`exempt` objects are told wherever they are: flags name them."""

    def __init__(self, exempt: Exempt) -> None:
        self._exempt = exempt
        self._selected: set[str] = set()
        self._objects: dict[str, dict[ObjectKey, Object]] = {}  # by namespace, selected or not
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
            self._objects.setdefault(key.namespace, {})[key] = value
            if self._passes(key, value):
                upserts[key] = value
            elif key in self._told:
                self._told.discard(key)
                deletes.add(key)
        for key in batch.deletes:
            self._forget(key)
            if key.namespace in self._selected or key in self._told:
                deletes.add(key)
            self._told.discard(key)
        flaws = {key: said for key, said in batch.flaws.items() if not said or key.namespace in self._selected}
        yield from events_of(Batch(upserts, frozenset(deletes), flaws))

    def _passes(self, key: ObjectKey, value: Object) -> bool:
        if key.namespace in self._selected:
            return True
        if not self._exempt(key, value):
            return False
        self._told.add(key)
        return True

    def _forget(self, key: ObjectKey) -> None:
        left = self._objects[key.namespace]
        del left[key]
        if not left:
            del self._objects[key.namespace]

    def _select(self, namespace: str) -> Iterable[Event]:
        if namespace in self._selected:
            return
        self._selected.add(namespace)
        for key, value in self._objects.get(namespace, {}).items():
            if key not in self._told:
                yield Upsert(key, value)
            self._told.discard(key)

    def _deselect(self, namespace: str) -> Iterable[Event]:
        self._selected.discard(namespace)
        for key, value in self._objects.get(namespace, {}).items():
            if self._exempt(key, value):
                self._told.add(key)
            else:
                yield Delete(key)
                yield judged(key)
