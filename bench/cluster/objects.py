"""The objects that fill the cluster: many Ingresses, each with a Service of its own, two slices, perhaps a Secret.

Every endpoint is real: all slices name addresses that lead to a few local backends. Services are headless and their
slices labelled so, and no controller of the cluster has any work with them. Both kinds of controller serve one class.
"""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec import Struct

from bench.cluster.classes import CLASS, CONTROLLER

Object = dict[str, Any]

SYSTEM: Final = "bench-system"  # the namespace of the contenders' own objects
NAMESPACES: Final = 50
SLICES: Final = 2  # of a Service
ENDPOINTS: Final = 3  # of a slice
PROBE: Final = "probe"  # what changes is named so; nobody else uses its objects
OLD: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Target(Struct, frozen=True):
    """A backend: any address of the local range leads to it, on this port. `range` is the first three numbers."""

    range: str
    port: int

    def address(self, number: int) -> str:
        return f"{self.range}.{number % 254 + 1}"


def namespace(number: int) -> str:
    return f"bench-{number % NAMESPACES:02}"


def host(number: int) -> str:
    return f"app-{number}.example.com"


def ingress(name: str, where: str, hosts: str, service: str, *, path: str = "/", secret: str = "") -> Object:
    """An Ingress of one host with two paths. With a Secret, plain HTTP is served on all the same."""
    paths = [
        {"path": each, "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"number": 80}}}}
        for each in (path, "/api")
    ]
    spec: Object = {"ingressClassName": CLASS, "rules": [{"host": hosts, "http": {"paths": paths}}]}
    metadata: Object = {"name": name, "namespace": where}
    metadata["annotations"] = {"nginx.ingress.kubernetes.io/ssl-redirect": "false", "example.com/owner": "team-a"}
    if secret:
        spec["tls"] = [{"hosts": [hosts], "secretName": secret}]
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def service(name: str, where: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": where, "labels": {"app": name}},
        "spec": {"clusterIP": "None", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]},
    }


def endpoint_slice(name: str, where: str, service_name: str, target: Target, *addresses: str) -> Object:
    """Made by hand, as by a controller of the operator's own."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": name,
            "namespace": where,
            "labels": {
                "kubernetes.io/service-name": service_name,
                "service.kubernetes.io/headless": "",
                "endpointslice.kubernetes.io/managed-by": "bench",
            },
        },
        "addressType": "IPv4",
        "endpoints": [
            {
                "addresses": [each],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "nodeName": f"node-{index}",
                "targetRef": {"kind": "Pod", "namespace": where, "name": f"{service_name}-{index}"},
            }
            for index, each in enumerate(addresses)
        ],
        "ports": [{"name": "http", "port": target.port, "protocol": "TCP"}],
    }


def slices(number: int, targets: tuple[Target, ...]) -> Iterator[Object]:
    for index in range(SLICES):
        target = targets[(number + index) % len(targets)]
        first = (number * SLICES + index) * ENDPOINTS
        addresses = map(target.address, range(first, first + ENDPOINTS))
        yield endpoint_slice(f"app-{number}-{index}", namespace(number), f"app-{number}", target, *addresses)


def secret(name: str, where: str, hosts: str) -> Object:
    """A certificate of its own for each: nothing of it can be shared or cached."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(OLD)
        .not_valid_after(datetime.now(UTC) + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hosts)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    chain = made.public_bytes(pem)
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    data = {"tls.crt": base64.b64encode(chain).decode(), "tls.key": base64.b64encode(private).decode()}
    metadata = {"name": name, "namespace": where}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls", "data": data}


def frame() -> Iterator[Object]:
    """Namespaces and the class, which the others need."""
    for name in (SYSTEM, *map(namespace, range(NAMESPACES))):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    spec = {"controller": CONTROLLER}
    yield {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": CLASS}, "spec": spec}


def population(ingresses: int, targets: tuple[Target, ...]) -> Iterator[Object]:
    for number in range(ingresses):
        where, name = namespace(number), f"app-{number}"
        yield service(name, where)
        yield from slices(number, targets)
        yield ingress(name, where, host(number), name)


def probed(target: Target) -> Iterator[Object]:
    """A Service whose slice changes."""
    yield service(PROBE, namespace(0))
    yield endpoint_slice(PROBE, namespace(0), PROBE, target, target.address(0))
    yield ingress(PROBE, namespace(0), f"{PROBE}.example.com", PROBE)
