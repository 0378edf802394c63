"""v1 and discovery.k8s.io/v1: Service, EndpointSlice, Secret, ConfigMap, Namespace."""

from collections.abc import Mapping

from msgspec import Struct, field

from gateway.ir.secret import Secret as SecretBytes
from gateway.objects.meta import Metadata


class ServicePort(Struct, frozen=True, gc=False, rename="camel"):
    port: int
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str = 0
    app_protocol: str | None = None


class ServiceSpec(Struct, frozen=True, gc=False, rename="camel"):
    type: str = "ClusterIP"
    cluster_ip: str = field(default="", name="clusterIP")
    ip_families: tuple[str, ...] = ()
    external_name: str = ""
    external_ips: tuple[str, ...] = field(default=(), name="externalIPs")
    ports: tuple[ServicePort, ...] = ()


class ServicePortStatus(Struct, frozen=True, gc=False):
    port: int
    protocol: str = "TCP"
    error: str | None = None


class LoadBalancerIngress(Struct, frozen=True, gc=False):
    """One address of a load balancer: an IP or a host name."""

    ip: str = ""
    hostname: str = ""
    ports: tuple[ServicePortStatus, ...] = ()


class LoadBalancerStatus(Struct, frozen=True, gc=False):
    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(Struct, frozen=True, gc=False, rename="camel"):
    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class Service(Struct, frozen=True, gc=False):
    """`status` is read of the Service that leads to us; nothing that is served depends on it."""

    metadata: Metadata
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()


class EndpointConditions(Struct, frozen=True, gc=False):
    """None means unknown, which consumers read as ready (KEP-752)."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class ForZone(Struct, frozen=True, gc=False):
    name: str


class EndpointHints(Struct, frozen=True, gc=False, rename="camel"):
    """The zones whose clients should prefer an endpoint."""

    for_zones: tuple[ForZone, ...] = ()


class SliceEndpoint(Struct, frozen=True, gc=False):
    addresses: tuple[str, ...]
    conditions: EndpointConditions = EndpointConditions()
    zone: str = ""
    hints: EndpointHints | None = None


class SlicePort(Struct, frozen=True, gc=False):
    port: int | None = None
    name: str = ""
    protocol: str = "TCP"


class EndpointSlice(Struct, frozen=True, gc=False, rename="camel"):
    """The Service is named by the label `kubernetes.io/service-name`."""

    metadata: Metadata
    address_type: str = "IPv4"
    endpoints: tuple[SliceEndpoint, ...] = ()
    ports: tuple[SlicePort, ...] = ()


class Secret(Struct, frozen=True, gc=False):
    """`data` is decoded from base64 (and merged with `stringData`, which wins) by the parser."""

    metadata: Metadata
    type: str = "Opaque"
    data: Mapping[str, SecretBytes] = field(default_factory=dict)


class ConfigMap(Struct, frozen=True, gc=False):
    metadata: Metadata
    data: Mapping[str, str] = field(default_factory=dict)


class Namespace(Struct, frozen=True, gc=False):
    metadata: Metadata
