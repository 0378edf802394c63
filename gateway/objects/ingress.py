"""networking.k8s.io/v1: Ingress and IngressClass."""

from msgspec import Struct

from gateway.objects.meta import Metadata


class ServiceBackendPort(Struct, frozen=True):
    name: str = ""
    number: int = 0


class IngressServiceBackend(Struct, frozen=True):
    name: str
    port: ServiceBackendPort = ServiceBackendPort()


class TypedLocalObjectReference(Struct, frozen=True, rename="camel"):
    kind: str
    name: str
    api_group: str = ""


class IngressBackend(Struct, frozen=True):
    service: IngressServiceBackend | None = None
    resource: TypedLocalObjectReference | None = None


class HTTPIngressPath(Struct, frozen=True, rename="camel"):
    backend: IngressBackend
    path: str = ""
    path_type: str = "ImplementationSpecific"


class HTTPIngressRuleValue(Struct, frozen=True):
    paths: tuple[HTTPIngressPath, ...] = ()


class IngressRule(Struct, frozen=True):
    host: str = ""
    http: HTTPIngressRuleValue | None = None


class IngressTLS(Struct, frozen=True, rename="camel"):
    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressSpec(Struct, frozen=True, rename="camel"):
    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    tls: tuple[IngressTLS, ...] = ()
    rules: tuple[IngressRule, ...] = ()


class Ingress(Struct, frozen=True):
    metadata: Metadata
    spec: IngressSpec = IngressSpec()


class IngressClassSpec(Struct, frozen=True):
    controller: str = ""


class IngressClass(Struct, frozen=True):
    metadata: Metadata
    spec: IngressClassSpec = IngressClassSpec()
