"""Short ways to write manifests into a folder, whole at once, as an editor does."""

from collections.abc import Mapping
from pathlib import Path


def ingress(
    name: str, host: str, service: str, *, path: str = "/", annotations: Mapping[str, str] | None = None
) -> str:
    notes = "".join(f'\n    {key}: "{value}"' for key, value in (annotations or {}).items())
    return f"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: default
  annotations:{notes or " {}"}
spec:
  ingressClassName: nginx
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


def put(folder: Path, name: str, text: str) -> None:
    """A rename, so that no reader ever sees half a file."""
    temporary = folder / f".{name}.new"
    temporary.write_text(text)
    temporary.replace(folder / name)
