"""The read-only face of the store that `translate` works on."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from gateway.objects.core import ConfigMap, EndpointSlice, Secret, Service
from gateway.objects.grants import ReferenceGrant
from gateway.objects.ingress import Ingress, IngressClass
from gateway.objects.meta import ObjectKey
from gateway.store.events import Resolved, Unread
from gateway.verdicts.verdict import Origin


class View(Protocol):
    """Consistent for the length of one synchronous call. Every lookup costs O(1) in the number of objects."""

    def ingress(self, namespace: str, name: str) -> Ingress | None: ...
    def ingresses(self) -> Iterable[Ingress]: ...
    def ingress_class(self, name: str) -> IngressClass | None: ...
    def ingress_classes(self) -> Iterable[IngressClass]: ...
    def service(self, namespace: str, name: str) -> Service | None: ...
    def endpoint_slices(self, namespace: str, service: str) -> Sequence[EndpointSlice]:
        """The slices of one Service, by name."""
        ...

    def endpoint_slice(self, namespace: str, name: str) -> EndpointSlice | None:
        """One slice by its own name: which Service a changed slice belongs to is written only in its label."""
        ...

    def secret(self, namespace: str, name: str) -> Secret | None: ...
    def config_map(self, namespace: str, name: str) -> ConfigMap | None: ...
    def config_maps(self) -> Iterable[ConfigMap]: ...
    def reference_grants(self, namespace: str) -> Iterable[ReferenceGrant]:
        """The grants of a namespace, in any order."""
        ...

    def unread(self, key: ObjectKey) -> Unread | None:
        """Why a lookup of this object that finds nothing does not mean that there is none."""
        ...

    def resolved(self, host: str) -> Resolved | None:
        """What a name leads to; None while nothing is known of it."""
        ...

    def origin(self, kind: str, namespace: str, name: str, field: str) -> Origin | None:
        """Where a field of an object was written, as exactly as the source can tell. May cost a parse: for verdicts."""
        ...
