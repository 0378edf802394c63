"""proxy-ssl-*: backends behind TLS that ask for a certificate, and show one that is verified."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.ingress_nginx.conftest import World
from tests.support.manifests import opaque, service, slices
from tests.support.pki import Authority
from tests.support.raw_client import Response
from tests.support.site import probe
from tests.support.tls_origin import TlsOrigin

INSIDE = "inside.example"


class Backend:
    """A Service whose endpoint speaks TLS, with a certificate for `inside.example` and for 127.0.0.1."""

    def __init__(self, world: World, folder: Path, stack: ExitStack) -> None:
        self.world = world
        self.servers = Authority("servers")
        self.clients = Authority("clients")
        name = world.host().partition(".")[0]
        self.service, self.secret = f"inside-{name}", f"gateway-{name}"
        self.context = self._context(folder)
        self.origin = stack.enter_context(TlsOrigin(self.context))
        world.add(service(self.service), slices(self.service, self.origin.address))
        self.store(self.servers)

    def _context(self, folder: Path) -> ssl.SSLContext:
        (folder / "server.pem").write_bytes(b"".join(self.servers.issue(INSIDE)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        context.load_verify_locations(cadata=self.clients.pem.decode())
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def store(self, trusted: Authority, name: str = "") -> None:
        chain, key = self.clients.issue("gateway.example")
        data = {"ca.crt": trusted.pem, "tls.crt": chain, "tls.key": key}
        self.world.add(opaque(name or self.secret, data), file=name or self.secret)

    def host(self, path: str = "/", **annotations: str) -> str:
        host = self.world.host()
        self.lead(host, path, **annotations)
        return host

    def lead(self, host: str, path: str = "/", **annotations: str) -> None:
        asked = {"backend_protocol": "HTTPS"} | annotations
        self.world.add(self.world.ingress(host, self.service, path=path, **asked))

    def secured(self, **annotations: str) -> str:
        return self.host(proxy_ssl_secret=f"default/{self.secret}", **annotations)


@pytest.fixture
def backend(world: World, tmp_path: Path) -> Iterator[Backend]:
    with ExitStack() as stack:
        yield Backend(world, tmp_path, stack)


def facts(answer: Response) -> dict[str, object]:
    assert answer.status == 200
    found: dict[str, object] = json.loads(answer.body)
    return found


def test_without_any_of_it_whatever_a_backend_shows_is_taken(world: World, backend: Backend) -> None:
    found = facts(world.get(backend.host()))
    assert (found["client"], found["name"]) == (None, None)


def test_the_backend_is_shown_the_certificate(world: World, backend: Backend) -> None:
    found = facts(world.get(backend.secured()))
    assert (found["client"], found["name"]) == ("gateway.example", None)


def test_a_backend_that_insists_gets_its_certificate(world: World, backend: Backend) -> None:
    backend.context.verify_mode = ssl.CERT_REQUIRED
    assert world.get(backend.host()).status == 502
    assert facts(world.get(backend.secured()))["client"] == "gateway.example"


@pytest.mark.parametrize("name", [INSIDE, "127.0.0.1"])
def test_the_right_authority_and_name_pass(world: World, backend: Backend, name: str) -> None:
    host = backend.secured(proxy_ssl_verify="on", proxy_ssl_name=name, proxy_ssl_server_name="on")
    # RFC 6066 section 3: an address is no server name.
    assert facts(world.get(host))["name"] == (INSIDE if name == INSIDE else None)


@pytest.mark.parametrize("wrong", ["authority", "name", "no name"])
def test_what_is_not_verified_is_answered_502_and_counted_and_named(
    world: World, backend: Backend, wrong: str, refusals: Callable[[], int]
) -> None:
    if wrong == "authority":
        backend.store(Authority("strangers"))
    names = {"authority": {"proxy_ssl_name": INSIDE}, "name": {"proxy_ssl_name": "other.example"}, "no name": {}}
    before = refusals()
    host = backend.secured(proxy_ssl_verify="on", **names[wrong])
    answer = world.get(host, "/", "Accept: application/json")
    assert answer.status == 502
    assert "upstream_certificate_untrusted" in answer.text
    assert refusals() > before
    assert backend.origin.handshakes == 0


@pytest.fixture
def refusals(world: World) -> Callable[[], int]:
    """How many certificates of backends were not trusted so far."""

    def count() -> int:
        line = 'sallygate_upstream_connect_failures_total{reason="certificate"}'
        rows = probe(world.gateway, "/metrics").text.splitlines()
        return sum(int(float(row.rpartition(" ")[2])) for row in rows if row.startswith(line))

    return count


def test_a_chain_is_as_long_as_its_depth(world: World, tmp_path: Path) -> None:
    with ExitStack() as stack:
        backend = Backend(world, tmp_path, stack)
        between = backend.servers.subordinate("between")
        chain, key = between.issue(INSIDE)
        (tmp_path / "chained.pem").write_bytes(chain + between.pem + key)
        backend.context.load_cert_chain(tmp_path / "chained.pem")
        asked = {"proxy_ssl_verify": "on", "proxy_ssl_name": INSIDE}
        assert world.get(backend.secured(proxy_ssl_verify_depth="0", **asked)).status == 502
        assert world.get(backend.secured(**asked)).status == 200


def test_versions_and_suites_are_those_that_are_asked_for(world: World, backend: Backend) -> None:
    assert facts(world.get(backend.secured(proxy_ssl_protocols="TLSv1.3")))["version"] == "TLSv1.3"
    suite = "ECDHE-ECDSA-AES128-GCM-SHA256"
    found = facts(world.get(backend.secured(proxy_ssl_protocols="TLSv1.2", proxy_ssl_ciphers=suite)))
    assert (found["version"], found["cipher"]) == ("TLSv1.2", suite)
    found = facts(world.get(backend.secured(proxy_ssl_protocols="TLSv1.2", proxy_ssl_ciphers="ECDHE+CHACHA20")))
    assert found["cipher"] == "ECDHE-ECDSA-CHACHA20-POLY1305"


def test_connections_of_other_terms_are_never_shared(world: World, backend: Backend) -> None:
    backend.store(backend.servers, f"{backend.secret}-too")
    hosts = [
        backend.host(),
        backend.secured(),
        backend.secured(proxy_ssl_name=INSIDE, proxy_ssl_server_name="on"),
        backend.secured(proxy_ssl_verify="on", proxy_ssl_name=INSIDE),
        backend.host(proxy_ssl_secret=f"default/{backend.secret}-too"),
    ]
    with world.client() as client:  # one worker serves it, so that there is one pool
        first = [facts(client.get(host))["connection"] for host in hosts]
        again = [facts(client.get(host))["connection"] for host in hosts]
        same = backend.secured()
        assert facts(client.get(same))["connection"] == first[1]
    assert again == first
    assert len(set(first)) == len(hosts)


def test_a_new_certificate_is_shown_on_new_connections(world: World, backend: Backend) -> None:
    host = backend.secured()
    with world.client() as client:
        first = facts(client.get(host))["connection"]
        backend.store(backend.servers)
        second = facts(client.get(host))
    assert second["client"] == "gateway.example"
    assert second["connection"] != first


def test_ingresses_of_the_host_share_the_oldest_secret(world: World, backend: Backend) -> None:
    host = backend.secured()
    backend.lead(host, "/beside")
    assert facts(world.get(host, "/beside"))["client"] == "gateway.example"


@pytest.mark.parametrize("data", [None, {"ca.crt": b"nonsense"}, {"tls.crt": b"x", "tls.key": b"y"}])
def test_without_a_good_secret_the_routes_are_closed(
    world: World, backend: Backend, data: dict[str, bytes] | None
) -> None:
    name = f"{backend.secret}-bad"
    if data:
        world.add(opaque(name, data))
    host = backend.host(proxy_ssl_secret=f"default/{name}")
    assert world.get(host).status == 503
    assert backend.origin.handshakes == 0


def test_to_verify_without_a_secret_closes_the_routes(world: World, backend: Backend) -> None:
    assert world.get(backend.host(proxy_ssl_verify="on", proxy_ssl_name=INSIDE)).status == 503
    assert backend.origin.handshakes == 0


def test_a_service_that_decides_about_requests_may_speak_tls(world: World, backend: Backend) -> None:
    host = world.host()
    world.add(world.ingress(host, auth_url=f"https://{backend.service}.default.svc.cluster.local:80/"))
    assert [world.get(host).text for _ in range(3)] == ["one"] * 3


def test_the_own_host_is_asked_as_its_route_says(world: World, backend: Backend) -> None:
    backend.context.verify_mode = ssl.CERT_REQUIRED
    secured, plain = world.host(), world.host()
    backend.lead(secured, "/oauth2", proxy_ssl_secret=f"default/{backend.secret}")
    backend.lead(plain, "/oauth2")
    world.add(*(world.ingress(host, auth_url="https://$host/oauth2/auth") for host in (secured, plain)))
    assert world.get(secured).text == "one"
    assert world.get(plain).status == 500, "without a certificate it is answered by nobody"
