"""The objects that scenarios are made of: an echo backend, an Ingress, a certificate."""

import datetime as dt
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Object = dict[str, Any]

SERVICE_PORT = 8080
PORT_NAME = "http"
ECHO_PORT = 3000
LIFE = dt.timedelta(days=1)


class Path(NamedTuple):
    """A path of a rule, and the Service that it leads to. `port` is a number, or the name of a port."""

    path: str
    service: str
    kind: str = "Prefix"
    port: int | str = SERVICE_PORT


def deployment(namespace: str, name: str, image: str, replicas: int = 1) -> Object:
    """Pods that answer what they were asked, on port 3000, and are ready when /health says so."""
    field = {"POD_NAME": "metadata.name", "NAMESPACE": "metadata.namespace", "POD_IP": "status.podIP"}
    container = {
        "name": "echo",
        "image": image,
        "env": [
            *({"name": key, "valueFrom": {"fieldRef": {"fieldPath": path}}} for key, path in field.items()),
            {"name": "HTTP_PORT", "value": str(ECHO_PORT)},
        ],
        "ports": [{"name": "http", "containerPort": ECHO_PORT}],
        "readinessProbe": {
            "httpGet": {"path": "/health", "port": ECHO_PORT},
            "periodSeconds": 1,
            "timeoutSeconds": 10,
            "failureThreshold": 3,
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
            },
        },
    }


def service(namespace: str, name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "selector": {"app": name},
            "ports": [{"name": PORT_NAME, "port": SERVICE_PORT, "targetPort": ECHO_PORT, "protocol": "TCP"}],
        },
    }


def ingress(
    namespace: str,
    ingress_class: str,
    rules: Mapping[str, Iterable[Path]],
    *,
    default: str = "",
    tls: Mapping[str, str] | None = None,
) -> Object:
    """`rules` are paths by host (empty: every host); `tls` are Secrets by host."""
    spec: Object = {"ingressClassName": ingress_class}
    if default:
        spec["defaultBackend"] = _backend(default, SERVICE_PORT)
    if tls:
        spec["tls"] = [{"hosts": [host], "secretName": secret} for host, secret in tls.items()]
    if rules:
        spec["rules"] = [_rule(host, paths) for host, paths in rules.items()]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"namespace": namespace, "name": "scenario"},
        "spec": spec,
    }


def _rule(host: str, paths: Iterable[Path]) -> Object:
    listed = [{"path": one.path, "pathType": one.kind, "backend": _backend(one.service, one.port)} for one in paths]
    return {**({"host": host} if host else {}), "http": {"paths": listed}}


def _backend(name: str, port: int | str) -> Object:
    return {"service": {"name": name, "port": {"number": port} if isinstance(port, int) else {"name": port}}}


def certificate(namespace: str, name: str, host: str) -> Object:
    """A Secret with a self-signed certificate for one host."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LIFE)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    data = {"tls.crt": made.public_bytes(serialization.Encoding.PEM), "tls.key": pem}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": name},
        "type": "kubernetes.io/tls",
        "data": {key: b64encode(value).decode() for key, value in data.items()},
    }
