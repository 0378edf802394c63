"""`sallygate run --kubeconfig …` against an API server that is scripted: real processes, real requests."""

import base64
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.main import Exit
from tests.e2e.conftest import Start
from tests.support.api_faults import FOR_EVER, Answer
from tests.support.api_thread import ApiThread, api_thread
from tests.support.fake_api_server import FakeApiServer
from tests.support.origin import Origin, origins
from tests.support.pki import Authority
from tests.support.raw_client import fetch
from tests.support.site import get, get_tls, probe, until

HOST = "shop.example.com"
QUIET = ("--access-log=off", "--disable-leader-election")


@pytest.fixture
def upstreams() -> Iterator[tuple[Origin, Origin]]:
    with origins("blue", "green") as (blue, green):
        yield blue, green


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiThread]:
    with api_thread(tmp_path) as it:
        it.call(lambda server: server.apply("IngressClass", "nginx", spec={"controller": "k8s.io/ingress-nginx"}))
        it.call(lambda server: server.apply("Service", "shop", spec={"ports": [{"port": 80, "name": "http"}]}))
        it.call(apply_ingress)
        yield it


def apply_ingress(server: FakeApiServer, **spec: Any) -> None:
    backend = {"service": {"name": "shop", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    rules = [{"host": HOST, "http": {"paths": paths}}]
    server.apply("Ingress", "shop", spec={"ingressClassName": "nginx", "rules": rules, **spec})


def apply_slice(server: FakeApiServer, *origins: Origin) -> None:
    """One slice each, as each has a port of its own."""
    for number, origin in enumerate(origins):
        host, _, port = origin.address.partition(":")
        server.apply(
            "EndpointSlice",
            f"shop-{number}",
            metadata={"labels": {"kubernetes.io/service-name": "shop"}},
            addressType="IPv4",
            endpoints=[{"addresses": [host], "conditions": {"ready": True}}],
            ports=[{"name": "http", "port": int(port)}],
        )


def apply_secret(server: FakeApiServer, name: str, authority: Authority) -> None:
    chain, key = (base64.b64encode(part).decode() for part in authority.issue(HOST))
    server.apply("Secret", name, type="kubernetes.io/tls", data={"tls.crt": chain, "tls.key": key})


def test_a_cluster_is_served_and_followed_and_outages_of_its_api_server_cost_nothing(
    start: Start, api: ApiThread, upstreams: tuple[Origin, Origin], tmp_path: Path
) -> None:
    blue, green = upstreams
    authority = Authority()
    trusting = ssl.create_default_context(cadata=authority.pem.decode())
    api.call(lambda server: apply_slice(server, blue))
    arguments = (f"--kubeconfig={api.kubeconfig}", f"--state-dir={tmp_path / 'state'}", *QUIET)

    gateway = start(*arguments)
    gateway.out.wait("Changes in the cluster apply at once")
    assert get(gateway, HOST).text == "blue"

    # A change takes effect; a Secret is read when it is referred to, and never before.
    api.call(lambda server: apply_slice(server, green))
    until(lambda: get(gateway, HOST).text == "green")
    api.call(lambda server: apply_secret(server, "unused", authority))
    api.call(lambda server: apply_secret(server, "shop-tls", authority))
    tls = [{"hosts": [HOST], "secretName": "shop-tls"}]
    api.call(lambda server: apply_ingress(server, tls=tls))
    until(lambda: get(gateway, HOST).status == 308)
    assert get_tls(gateway, trusting, HOST).text == "green"
    seen = api.call(lambda server: list(server.seen))
    asked = {one.query.get("fieldSelector") for one in seen if one.resource == "secrets"}
    assert asked == {"metadata.name=shop-tls"}

    # The API server is gone: traffic and configuration stay, also over a restart of everything.
    api.stop()
    gateway.err.wait(r"cluster: .*traffic goes on under what is known")
    assert get_tls(gateway, trusting, HOST).text == "green"
    until(lambda: probe(gateway, "/readyz").text.startswith("ok, stale: "))
    figures = probe(gateway, "/metrics").text
    assert "\nsallygate_cluster_stale 1\n" in figures
    assert '\nsallygate_cluster_objects{kind="Secret"} 1\n' in figures
    assert gateway.stop() == 0
    gateway = start(*arguments)
    gateway.ready()
    assert get_tls(gateway, trusting, HOST).text == "green"
    assert "stale: the last good snapshot from disk" in probe(gateway, "/readyz").text
    gateway.err.wait(r"cluster: .*traffic goes on under what is known")

    # It is back, and so is everything that happened meanwhile.
    api.server.store.apply("Ingress", "gone", spec={})
    api.start()
    api.call(lambda server: apply_slice(server, blue))
    gateway.err.wait(r"cluster: http://\S+ is watched again after")
    until(lambda: get_tls(gateway, trusting, HOST).text == "blue")
    until(lambda: probe(gateway, "/readyz").text == "ok\n")
    assert gateway.stop() == 0


def test_an_endpoint_that_leaves_gets_no_new_request_and_finishes_what_runs(
    start: Start, api: ApiThread, upstreams: tuple[Origin, Origin]
) -> None:
    blue, green = upstreams
    api.call(lambda server: apply_slice(server, blue))
    gateway = start(f"--kubeconfig={api.kubeconfig}", *QUIET)
    gateway.out.wait("Changes in the cluster apply at once")
    gateway.err.wait(r" snapshot \w+: ")  # comes by another pipe, and must not be taken for the next one's line
    blue.gate = threading.Event()
    with ThreadPoolExecutor() as aside:
        slow = aside.submit(fetch, gateway.address("http"), HOST)
        assert blue.waiting.acquire(timeout=30)
        said = gateway.err.count()
        api.call(lambda server: apply_slice(server, green))
        gateway.err.wait(r" snapshot \w+: ", after=said)
        assert {get(gateway, HOST).text for _ in range(10)} == {"green"}
        assert not slow.done()
        blue.gate.set()
        assert slow.result(30).text == "blue"
    assert gateway.stop() == 0


def test_a_missing_right_is_named_and_so_is_the_rule(start: Start, api: ApiThread) -> None:
    api.call(lambda server: server.faults.add(Answer(403, "Forbidden", "no"), "", "services", times=FOR_EVER))
    gateway = start(f"--kubeconfig={api.kubeconfig}", *QUIET)
    line = gateway.err.wait("cluster: not allowed to")
    assert 'add to the ClusterRole: apiGroups: [""], resources: ["services"], verbs: ["list", "watch"]' in line
    assert gateway.stop() == Exit.DONE
