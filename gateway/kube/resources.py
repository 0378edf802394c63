"""Kinds and their paths in the API. One row per kind that is read or written."""

from typing import Final, NamedTuple
from urllib.parse import quote


class Resource(NamedTuple):
    kind: str
    group: str
    """Empty for the core group."""
    version: str
    plural: str
    namespaced: bool = True
    extra: bool = False
    """A cluster may know nothing of it: then there are none."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


RESOURCES: Final = (
    Resource("Ingress", "networking.k8s.io", "v1", "ingresses"),
    Resource("IngressClass", "networking.k8s.io", "v1", "ingressclasses", namespaced=False),
    Resource("Service", "", "v1", "services"),
    Resource("EndpointSlice", "discovery.k8s.io", "v1", "endpointslices"),
    Resource("Secret", "", "v1", "secrets"),
    Resource("ConfigMap", "", "v1", "configmaps"),
    Resource("Namespace", "", "v1", "namespaces", namespaced=False),
    Resource("ReferenceGrant", "gateway.networking.k8s.io", "v1beta1", "referencegrants", extra=True),
    Resource("Node", "", "v1", "nodes", namespaced=False),
    Resource("Pod", "", "v1", "pods"),
    Resource("Lease", "coordination.k8s.io", "v1", "leases"),
    Resource("Event", "", "v1", "events"),
)
_BY_KIND: Final = {resource.kind: resource for resource in RESOURCES}


def resource_of(kind: str) -> Resource:
    return _BY_KIND[kind]


def path_of(kind: str, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
    """Path of an object, or of all objects of a kind: in one namespace, or in all of them."""
    resource = _BY_KIND[kind]
    parts = ["/apis" if resource.group else "/api", resource.api_version]
    if namespace:
        if not resource.namespaced:
            raise ValueError(f"{kind} has no namespaces")
        parts += ["namespaces", quote(namespace, safe="")]
    parts.append(resource.plural)
    if name:
        parts.append(quote(name, safe=""))
        if subresource:
            parts.append(subresource)
    return "/".join(parts)
