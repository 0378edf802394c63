"""networking.k8s.io/v1: Ingress and IngressClass."""

from msgspec import Struct

from gateway.objects.meta import Metadata


class ServiceBackendPort(Struct, frozen=True, gc=False):
    name: str = ""
    number: int = 0


class IngressServiceBackend(Struct, frozen=True, gc=False):
    name: str
    port: ServiceBackendPort = ServiceBackendPort()


class TypedLocalObjectReference(Struct, frozen=True, gc=False, rename="camel"):
    kind: str
    name: str
    api_group: str = ""


class IngressBackend(Struct, frozen=True, gc=False):
    service: IngressServiceBackend | None = None
    resource: TypedLocalObjectReference | None = None


class HTTPIngressPath(Struct, frozen=True, gc=False, rename="camel"):
    backend: IngressBackend
    path: str = ""
    path_type: str = "ImplementationSpecific"


class HTTPIngressRuleValue(Struct, frozen=True, gc=False):
    paths: tuple[HTTPIngressPath, ...] = ()


class IngressRule(Struct, frozen=True, gc=False):
    host: str = ""
    http: HTTPIngressRuleValue | None = None


class IngressTLS(Struct, frozen=True, gc=False, rename="camel"):
    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressSpec(Struct, frozen=True, gc=False, rename="camel"):
    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    tls: tuple[IngressTLS, ...] = ()
    rules: tuple[IngressRule, ...] = ()


class IngressPortStatus(Struct, frozen=True, gc=False):
    port: int
    protocol: str = "TCP"
    error: str | None = None


class IngressLoadBalancerIngress(Struct, frozen=True, gc=False, omit_defaults=True):
    """One address that leads to the Ingress: an IP or a host name."""

    ip: str = ""
    hostname: str = ""
    ports: tuple[IngressPortStatus, ...] = ()


class IngressLoadBalancerStatus(Struct, frozen=True, gc=False):
    ingress: tuple[IngressLoadBalancerIngress, ...] = ()


class IngressStatus(Struct, frozen=True, gc=False, rename="camel"):
    load_balancer: IngressLoadBalancerStatus = IngressLoadBalancerStatus()


class Ingress(Struct, frozen=True, gc=False):
    """`status` is what others see; nothing that is served depends on it."""

    metadata: Metadata
    spec: IngressSpec = IngressSpec()
    status: IngressStatus = IngressStatus()


class IngressClassParameters(Struct, frozen=True, gc=False, rename="camel"):
    kind: str
    name: str
    api_group: str = ""
    scope: str = "Cluster"
    namespace: str = ""


class IngressClassSpec(Struct, frozen=True, gc=False):
    controller: str = ""
    parameters: IngressClassParameters | None = None


class IngressClass(Struct, frozen=True, gc=False):
    metadata: Metadata
    spec: IngressClassSpec = IngressClassSpec()
