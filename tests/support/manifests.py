"""Short ways to write manifests into a folder, whole at once, as an editor does."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path


def ingress(
    name: str,
    host: str,
    service: str,
    *,
    path: str = "/",
    annotations: Mapping[str, str] | None = None,
    secret: str | None = None,
) -> str:
    """With `secret` it has TLS."""
    tls = f"\n  tls:\n  - {{hosts: [{host}], secretName: {secret}}}" if secret else ""
    notes = "".join(f'\n    {key}: "{value}"' for key, value in (annotations or {}).items())
    return f"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: default
  annotations:{notes or " {}"}
spec:
  ingressClassName: nginx{tls}
  rules:
  - host: {host}
    http:
      paths:
      - path: {path}
        pathType: Prefix
        backend: {{service: {{name: {service}, port: {{number: 80}}}}}}
"""


def service(*names: str) -> str:
    return "---\n".join(
        f"""\
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: default}}
spec:
  ports:
  - {{name: http, port: 80}}
"""
        for name in names
    )


def slices(service: str, *addresses: str) -> str:
    """An EndpointSlice for each `ip:port`, ready."""
    return "---\n".join(
        f"""\
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: {service}-{number}
  namespace: default
  labels: {{kubernetes.io/service-name: {service}}}
addressType: IPv4
endpoints:
- {{addresses: [{address.partition(":")[0]}], conditions: {{ready: true}}}}
ports:
- {{name: http, port: {address.partition(":")[2]}}}
"""
        for number, address in enumerate(addresses)
    )


def secret(name: str, chain: bytes, key: bytes) -> str:
    return f"""\
apiVersion: v1
kind: Secret
metadata: {{name: {name}, namespace: default}}
type: kubernetes.io/tls
data:
  tls.crt: {b64encode(chain).decode()}
  tls.key: {b64encode(key).decode()}
"""


def put(folder: Path, name: str, text: str) -> None:
    """A rename, so that no reader ever sees half a file."""
    temporary = folder / f".{name}.new"
    temporary.write_text(text)
    temporary.replace(folder / name)


def opaque(name: str, data: Mapping[str, bytes]) -> str:
    """A Secret of any content."""
    lines = "".join(f"\n  {key}: {b64encode(value).decode()}" for key, value in data.items())
    return f"""\
apiVersion: v1
kind: Secret
metadata: {{name: {name}, namespace: default}}
type: Opaque
data:{lines}
"""
