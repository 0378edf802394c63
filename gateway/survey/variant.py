"""The objects that there are, with some replaced: for translations of what is not so."""

from collections.abc import Iterable, Sequence

from gateway.objects.core import ConfigMap, EndpointSlice, Secret, Service
from gateway.objects.grants import ReferenceGrant
from gateway.objects.ingress import Ingress, IngressClass
from gateway.objects.meta import ObjectKey
from gateway.store.events import Resolved, Unread
from gateway.store.view import View
from gateway.verdicts.verdict import Origin


class Variant:
    """A view. `replaced` may be changed at any time; the translator is to be told of the key then, as of any change."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.replaced: dict[ObjectKey, Ingress | ConfigMap] = {}

    def ingress(self, namespace: str, name: str) -> Ingress | None:
        found = self.replaced.get(ObjectKey("Ingress", namespace, name))
        return found if isinstance(found, Ingress) else self._view.ingress(namespace, name)

    def config_map(self, namespace: str, name: str) -> ConfigMap | None:
        found = self.replaced.get(ObjectKey("ConfigMap", namespace, name))
        return found if isinstance(found, ConfigMap) else self._view.config_map(namespace, name)

    def ingresses(self) -> Iterable[Ingress]:
        return self._view.ingresses()

    def ingress_class(self, name: str) -> IngressClass | None:
        return self._view.ingress_class(name)

    def ingress_classes(self) -> Iterable[IngressClass]:
        return self._view.ingress_classes()

    def service(self, namespace: str, name: str) -> Service | None:
        return self._view.service(namespace, name)

    def endpoint_slices(self, namespace: str, service: str) -> Sequence[EndpointSlice]:
        return self._view.endpoint_slices(namespace, service)

    def endpoint_slice(self, namespace: str, name: str) -> EndpointSlice | None:
        return self._view.endpoint_slice(namespace, name)

    def secret(self, namespace: str, name: str) -> Secret | None:
        return self._view.secret(namespace, name)

    def config_maps(self) -> Iterable[ConfigMap]:
        return self._view.config_maps()

    def reference_grants(self, namespace: str) -> Iterable[ReferenceGrant]:
        return self._view.reference_grants(namespace)

    def unread(self, key: ObjectKey) -> Unread | None:
        return self._view.unread(key)

    def resolved(self, host: str) -> Resolved | None:
        return self._view.resolved(host)

    def origin(self, kind: str, namespace: str, name: str, field: str) -> Origin | None:
        return self._view.origin(kind, namespace, name, field)
