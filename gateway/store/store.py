"""The objects as they stand now, and which of them changed since that was last asked.

Implements `View`. Costs are in proportion to the change: nothing here walks over all objects of a kind, except where a
caller asks for all of them.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

import msgspec

from gateway.objects.core import ConfigMap, EndpointSlice, Secret, Service
from gateway.objects.grants import ReferenceGrant
from gateway.objects.ingress import Ingress, IngressClass
from gateway.objects.kinds import KINDS, Object
from gateway.objects.meta import ObjectKey
from gateway.store.events import Delete, Event, Judged, Resolved, Synced, Unread, Upsert, host_name
from gateway.verdicts.verdict import Origin, Verdict

SERVICE_LABEL: Final = "kubernetes.io/service-name"

Locate = Callable[[ObjectKey, str], Origin | None]
_Kind = TypeVar("_Kind", bound=Object)


class Store:
    """`locate` tells where a field was written, for sources that know; otherwise it is the start of the document."""

    def __init__(self, locate: Locate | None = None) -> None:
        self._locate = locate
        self._objects: dict[str, dict[tuple[str, str], Object]] = {kind.name: {} for kind in KINDS}
        self._origins: dict[ObjectKey, Origin] = {}
        self._slices: dict[tuple[str, str], dict[str, EndpointSlice]] = {}  # by namespace and Service, then by name
        self._grants: dict[str, dict[str, ReferenceGrant]] = {}  # by namespace, then by name
        self._before: dict[ObjectKey, Object | None] = {}  # what touched keys held when `take_dirty` was last called
        self._unread: dict[ObjectKey, Unread] = {}
        self._unread_before: dict[ObjectKey, Unread | None] = {}  # as `_before`
        self._resolved: dict[str, Resolved] = {}
        self._resolved_before: dict[str, Resolved | None] = {}  # as `_before`
        self._synced: set[str] = set()
        self._verdicts: dict[str, tuple[Verdict, ...]] = {}

    # --- what sources tell ---

    def apply(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case Upsert(key=key, object=value, origin=origin):
                    self._replace(key, value)
                    if origin is None:
                        self._origins.pop(key, None)
                    else:
                        self._origins[key] = origin
                case Delete(key=key):
                    self._replace(key, None)
                    self._origins.pop(key, None)
                case Unread(key=key, reason=reason):
                    self._unread_before.setdefault(key, self._unread.get(key))
                    if reason:
                        self._unread[key] = event
                    else:
                        self._unread.pop(key, None)
                case Resolved(host=host, addresses=addresses, problem=problem):
                    self._resolved_before.setdefault(host, self._resolved.get(host))
                    if addresses or problem:
                        self._resolved[host] = event
                    else:
                        self._resolved.pop(host, None)
                case Judged(place=place, verdicts=verdicts):
                    if verdicts:
                        self._verdicts[place] = verdicts
                    else:
                        self._verdicts.pop(place, None)
                case Synced(source=source):
                    self._synced.add(source)

    def take_dirty(self) -> frozenset[ObjectKey]:
        """Keys whose object differs from what it was at the last call. What came and went in between does not."""
        before, self._before = self._before, {}
        unread, self._unread_before = self._unread_before, {}
        resolved, self._resolved_before = self._resolved_before, {}
        dirty = {key for key, value in before.items() if not _same(value, self._get(key))}
        dirty.update(key for key, value in unread.items() if value != self._unread.get(key))
        dirty.update(host_name(host) for host, value in resolved.items() if value != self._resolved.get(host))
        return frozenset(dirty)

    def _get(self, key: ObjectKey) -> Object | None:
        return self._objects[key.kind].get(key[1:])

    def _replace(self, key: ObjectKey, value: Object | None) -> None:
        objects = self._objects[key.kind]
        old = objects.get(key[1:])
        self._before.setdefault(key, old)
        if value is None:
            objects.pop(key[1:], None)
        else:
            objects[key[1:]] = value
        if isinstance(value, ReferenceGrant):
            self._grants.setdefault(key.namespace, {})[key.name] = value
        elif isinstance(old, ReferenceGrant):
            self._grants[key.namespace].pop(key.name, None)
        if isinstance(old, EndpointSlice):
            service = _service_of(old)
            left = self._slices[service]
            del left[key.name]
            if not left:
                del self._slices[service]
        if isinstance(value, EndpointSlice):
            self._slices.setdefault(_service_of(value), {})[key.name] = value

    # --- what the loop asks ---

    def synced(self, source: str) -> bool:
        return source in self._synced

    def roots(self) -> frozenset[ObjectKey]:
        """Keys of the objects that a translation begins with; it finds all others by their references."""
        kinds = ("Ingress", "IngressClass", "ConfigMap")
        return frozenset(ObjectKey(kind, *name) for kind in kinds for name in self._objects[kind])

    def uid(self, key: ObjectKey) -> str:
        """Of an object that exists in a cluster; empty for any other."""
        found = self._objects[key.kind].get(key[1:]) if key.kind in self._objects else None
        return found.metadata.uid if found is not None else ""

    def verdicts(self) -> Iterator[Verdict]:
        """What the sources say about files and objects, as it stands."""
        for verdicts in self._verdicts.values():
            yield from verdicts

    def said(self) -> Iterator[tuple[Hashable, tuple[Verdict, ...]]]:
        """The same by the places that they are about."""
        return ((("source", place), verdicts) for place, verdicts in self._verdicts.items())

    # --- View ---

    def ingress(self, namespace: str, name: str) -> Ingress | None:
        return self._of(Ingress, namespace, name)

    def ingresses(self) -> Iterable[Ingress]:
        return self._all(Ingress)

    def ingress_class(self, name: str) -> IngressClass | None:
        return self._of(IngressClass, "", name)

    def ingress_classes(self) -> Iterable[IngressClass]:
        return self._all(IngressClass)

    def service(self, namespace: str, name: str) -> Service | None:
        return self._of(Service, namespace, name)

    def endpoint_slices(self, namespace: str, service: str) -> Sequence[EndpointSlice]:
        slices = self._slices.get((namespace, service))
        return [slices[name] for name in sorted(slices)] if slices else ()

    def endpoint_slice(self, namespace: str, name: str) -> EndpointSlice | None:
        return self._of(EndpointSlice, namespace, name)

    def secret(self, namespace: str, name: str) -> Secret | None:
        return self._of(Secret, namespace, name)

    def config_map(self, namespace: str, name: str) -> ConfigMap | None:
        return self._of(ConfigMap, namespace, name)

    def config_maps(self) -> Iterable[ConfigMap]:
        return self._all(ConfigMap)

    def reference_grants(self, namespace: str) -> Iterable[ReferenceGrant]:
        return tuple(self._grants.get(namespace, {}).values())

    def unread(self, key: ObjectKey) -> Unread | None:
        return self._unread.get(key)

    def resolved(self, host: str) -> Resolved | None:
        return self._resolved.get(host)

    def origin(self, kind: str, namespace: str, name: str, field: str) -> Origin | None:
        key = ObjectKey(kind, namespace, name)
        found = self._locate(key, field) if self._locate else None
        return found or self._origins.get(key)

    def _of(self, kind: type[_Kind], namespace: str, name: str) -> _Kind | None:
        found = self._objects[kind.__name__].get((namespace, name))
        return found if isinstance(found, kind) else None

    def _all(self, kind: type[_Kind]) -> Iterator[_Kind]:
        """Of the moment of the call: a change while it is read does not disturb it."""
        return (one for one in list(self._objects[kind.__name__].values()) if isinstance(one, kind))


def _service_of(value: EndpointSlice) -> tuple[str, str]:
    return value.metadata.namespace, value.metadata.labels.get(SERVICE_LABEL, "")


def _same(left: Object | None, right: Object | None) -> bool:
    """Do they ask for the same? A new resourceVersion alone says nothing new, and neither does a status: it tells what
    became of the object, and much of it is written by ourselves.
    """
    if left is right or left == right:
        return True
    if left is None or right is None or type(left) is not type(right):
        return False
    metadata = msgspec.structs.replace(left.metadata, resource_version=right.metadata.resource_version)
    told = {"status": right.status} if isinstance(right, Ingress | Service) else {}
    return msgspec.structs.replace(left, metadata=metadata, **told) == right
