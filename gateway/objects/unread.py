"""Fields that Kubernetes has and nothing of ours reads. They are no mistake, so nothing is said about them.

One row per type that has some. What is in neither the type nor this table is a misspelling, and gets a verdict.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from gateway.objects.core import (
    ConfigMap,
    EndpointHints,
    EndpointSlice,
    LoadBalancerIngress,
    Namespace,
    Secret,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
    SliceEndpoint,
    SlicePort,
)
from gateway.objects.grants import ReferenceGrant
from gateway.objects.ingress import Ingress, IngressClass
from gateway.objects.meta import Metadata


def _fields(names: str) -> frozenset[str]:
    return frozenset(names.split())


_OBJECT: Final = _fields("apiVersion kind")

UNREAD: Final[Mapping[type[Struct], frozenset[str]]] = {
    Metadata: _fields(
        "deletionGracePeriodSeconds deletionTimestamp finalizers generateName managedFields ownerReferences selfLink"
    ),
    Ingress: _OBJECT,
    IngressClass: _OBJECT,
    Service: _OBJECT,
    ServiceStatus: _fields("conditions"),
    LoadBalancerIngress: _fields("ipMode"),
    ServiceSpec: _fields(
        "allocateLoadBalancerNodePorts clusterIPs externalTrafficPolicy "
        "healthCheckNodePort internalTrafficPolicy ipFamilyPolicy loadBalancerClass loadBalancerIP "
        "loadBalancerSourceRanges publishNotReadyAddresses selector sessionAffinity sessionAffinityConfig "
        "topologyKeys trafficDistribution"
    ),
    ServicePort: _fields("nodePort"),
    EndpointSlice: _OBJECT,
    SliceEndpoint: _fields("deprecatedTopology hostname nodeName targetRef"),
    EndpointHints: _fields("forNodes"),
    SlicePort: _fields("appProtocol"),
    Secret: _OBJECT | _fields("immutable"),
    ConfigMap: _OBJECT | _fields("binaryData immutable"),
    ReferenceGrant: _OBJECT,
    Namespace: _OBJECT | _fields("spec status"),
}
