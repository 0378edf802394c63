"""Every kind that is read, with its type and whether it lives in a namespace. One row per kind."""

from typing import NamedTuple

from gateway.objects.core import ConfigMap, EndpointSlice, Namespace, Secret, Service
from gateway.objects.ingress import Ingress, IngressClass

Object = ConfigMap | EndpointSlice | Ingress | IngressClass | Namespace | Secret | Service


class Kind(NamedTuple):
    name: str
    api_version: str
    type: type[Object]
    namespaced: bool = True


KINDS: tuple[Kind, ...] = (
    Kind("Ingress", "networking.k8s.io/v1", Ingress),
    Kind("IngressClass", "networking.k8s.io/v1", IngressClass, namespaced=False),
    Kind("Service", "v1", Service),
    Kind("EndpointSlice", "discovery.k8s.io/v1", EndpointSlice),
    Kind("Secret", "v1", Secret),
    Kind("ConfigMap", "v1", ConfigMap),
    Kind("Namespace", "v1", Namespace, namespaced=False),
)
