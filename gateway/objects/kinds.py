"""Every kind that is read, with its type and whether it lives in a namespace. One row per kind."""

from typing import NamedTuple

from gateway.objects.core import ConfigMap, EndpointSlice, Namespace, Secret, Service
from gateway.objects.grants import ReferenceGrant
from gateway.objects.ingress import Ingress, IngressClass

Object = ConfigMap | EndpointSlice | Ingress | IngressClass | Namespace | ReferenceGrant | Secret | Service


class Kind(NamedTuple):
    """`also`: other versions of the same shape."""

    name: str
    api_version: str
    type: type[Object]
    namespaced: bool = True
    also: tuple[str, ...] = ()

    @property
    def versions(self) -> tuple[str, ...]:
        return (self.api_version, *self.also)


KINDS: tuple[Kind, ...] = (
    Kind("Ingress", "networking.k8s.io/v1", Ingress),
    Kind("IngressClass", "networking.k8s.io/v1", IngressClass, namespaced=False),
    Kind("Service", "v1", Service),
    Kind("EndpointSlice", "discovery.k8s.io/v1", EndpointSlice),
    Kind("Secret", "v1", Secret),
    Kind("ConfigMap", "v1", ConfigMap),
    Kind("Namespace", "v1", Namespace, namespaced=False),
    Kind(
        "ReferenceGrant",
        "gateway.networking.k8s.io/v1beta1",  # served by every release of the Gateway API
        ReferenceGrant,
        also=("gateway.networking.k8s.io/v1",),
    ),
)
