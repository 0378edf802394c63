"""A whole gateway that watches a real API server, with rights in one namespace and no others."""

import base64
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.fixtures import Space
from tests.cluster_tests.test_status import account
from tests.support.gateway_process import Gateway
from tests.support.pki import Authority
from tests.support.site import get, get_tls, until

HOST = "web.example.com"
LEASE = "gate"
RULES: list[dict[str, Any]] = [
    {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": ["list", "watch"]},
    {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses/status"], "verbs": ["patch"]},
    {"apiGroups": [""], "resources": ["services"], "verbs": ["list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["web-tls"], "verbs": ["list", "watch"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "resourceNames": [LEASE],
        "verbs": ["get", "update"],
    },
]


@pytest.fixture
def gateway(space: Space, tmp_path: Path) -> Iterator[Gateway]:
    started = Gateway(
        tmp_path,
        f"--kubeconfig={account(space, 'gate', RULES, tmp_path)}",
        f"--watch-namespace={space.name}",
        "--ingress-class-by-name",
        "--publish-status-address=192.0.2.7",
        f"--election-id={LEASE}",
        "--election-ttl=3s",
        "--access-log=off",
    )
    try:
        yield started
    finally:
        started.close()


def ingress(secret: str = "") -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rules = [{"host": HOST, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]
    tls = {"tls": [{"hosts": [HOST], "secretName": secret}]} if secret else {}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web"},
        "spec": {"ingressClassName": "nginx", "rules": rules, **tls},
    }


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def upstream(space: Space) -> Iterator[tuple[str, int]]:
    """At an address that API servers take for an endpoint: not that of loopback."""
    with ThreadingHTTPServer((space.cluster.host, 0), Hello) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield space.cluster.host, server.server_port
        server.shutdown()
        thread.join()


def endpoints(address: str, port: int, *, ready: bool) -> list[dict[str, Any]]:
    """A Service without a selector, and the slice that somebody else keeps for it."""
    labels = {"kubernetes.io/service-name": "web"}
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}},
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "web-1", "labels": labels},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": ready}}],
            "ports": [{"name": "", "port": port}],
        },
    ]


def test_endpoints_are_served_as_they_come_and_go_and_everything_is_told_to_the_cluster(
    space: Space, gateway: Gateway, upstream: tuple[str, int]
) -> None:
    gateway.out.wait("Changes in the cluster apply at once")
    gateway.err.wait("not allowed to (watch|list) ingressclasses")
    space.apply(*endpoints(*upstream, ready=True), ingress())
    until(lambda: get(gateway, HOST).text == "hello")
    space.apply(*endpoints(*upstream, ready=False))
    until(lambda: get(gateway, HOST).status == 503)
    space.apply(*endpoints(*upstream, ready=True))
    until(lambda: get(gateway, HOST).text == "hello")

    authority = Authority()
    chain, key = (base64.b64encode(part).decode() for part in authority.issue(HOST))
    meta = {"name": "web-tls"}
    data = {"tls.crt": chain, "tls.key": key}
    space.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "kubernetes.io/tls", "data": data},
        ingress("web-tls"),
    )
    until(lambda: get(gateway, HOST).status == 308)
    trusting = ssl.create_default_context(cadata=authority.pem.decode())
    assert get_tls(gateway, trusting, HOST).status == 200

    def address() -> object:
        found = space.api.get(space.path("networking.k8s.io/v1/ingresses", "web"))
        return found["status"]["loadBalancer"]["ingress"] == [{"ip": "192.0.2.7"}]

    space.until("the address in status", address)

    # A Secret that may not be read is said to be just that, and nothing else is touched.
    space.apply(ingress("secret-elsewhere"))
    line = gateway.err.wait(r"error GW271 .*secret-elsewhere")
    assert 'resourceNames: ["secret-elsewhere"]' in line
    assert get(gateway, HOST).status == 308
    gateway.err.wait(r"snapshot")
    assert gateway.stop() == 0
    assert "Traceback" not in gateway.err.text()
