"""The real commands, run as a person runs them, over folders of manifests."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.gateway_process import ROOT, environment

SHOP = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/proxy-read-timeout: "7"
    nginx.ingress.kubernetes.io/proxy-body-size: 3m
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - path: /cart
        pathType: Prefix
        backend: {service: {name: cart, port: {number: 80}}}
      - path: /
        pathType: Prefix
        backend: {service: {name: web, port: {number: 80}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: wild
  namespace: other
spec:
  ingressClassName: nginx
  rules:
  - host: "*.example.com"
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: rest, port: {number: 80}}}
"""
SERVICES = "---\n".join(
    f"""\
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  ports:
  - {{name: http, port: 80}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: {name}-1
  namespace: {namespace}
  labels: {{kubernetes.io/service-name: {name}}}
addressType: IPv4
ports:
- {{name: http, port: 8000}}
endpoints:
- addresses: [{address}]
"""
    for name, namespace, address in (
        ("cart", "shop", "192.0.2.10"),
        ("web", "shop", "192.0.2.11"),
        ("rest", "other", "192.0.2.12"),
    )
)


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Run = Callable[..., Done]


@pytest.fixture
def sallygate() -> Run:
    def run(*arguments: str | Path, stdin: str = "", extra: dict[str, str] | None = None) -> Done:
        command = [sys.executable, "-m", "gateway", *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(extra),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two Ingresses with all that they need."""
    found = tmp_path / "manifests"
    found.mkdir()
    (found / "shop.yaml").write_text(SHOP)
    (found / "services.yaml").write_text(SERVICES)
    return found
