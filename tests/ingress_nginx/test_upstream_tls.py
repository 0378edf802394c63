"""proxy-ssl-*: what is asked of the certificate of a backend, and what it is shown."""

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.ingress_nginx.conftest import World
from tests.support.manifests import opaque, service, slices
from tests.support.pki import Authority
from tests.support.raw_upstream import Upstream

OURS = Authority("of backends")
OTHER = Authority("of others")
CLIENTS = Authority("of clients")


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Upstream]:
    """Its certificate is for `localhost`; who comes may show one of `CLIENTS`."""
    with Upstream(OURS.server_context(tmp_path, clients=CLIENTS)) as one:
        yield one


def protect(world: World, backend: Upstream, authority: Authority, **annotations: str) -> str:
    host = world.host()
    name = host.partition(".")[0]
    certificate, key = CLIENTS.issue("gateway")
    address, port = backend.address
    world.add(
        opaque(name, {"tls.crt": certificate, "tls.key": key, "ca.crt": authority.pem}),
        service(name),
        slices(name, f"{address}:{port}"),
        world.ingress(
            host,
            name,
            backend_protocol="HTTPS",
            proxy_ssl_secret=f"default/{name}",
            proxy_ssl_name="localhost",
            **annotations,
        ),
    )
    return host


@pytest.mark.parametrize("verify", ["on", "off"])
def test_a_backend_of_the_authority_is_asked_and_shown_who_asks(world: World, backend: Upstream, verify: str) -> None:
    host = protect(world, backend, OURS, proxy_ssl_verify=verify)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(world.get, host)
        peer = backend.accept()
        peer.request()
        assert isinstance(peer.socket, ssl.SSLSocket)
        assert "gateway" in str(peer.socket.getpeercert())
        peer.answer(b"over TLS")
        assert asked.result().text == "over TLS"


def test_a_backend_of_another_authority_is_a_502_where_that_is_looked_at(world: World, backend: Upstream) -> None:
    host = protect(world, backend, OTHER, proxy_ssl_verify="on", proxy_next_upstream="off")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(world.get, host)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            backend.accept().request()
        assert asked.result().status == 502


def test_it_is_asked_all_the_same_where_nobody_looks(world: World, backend: Upstream) -> None:
    host = protect(world, backend, OTHER, proxy_ssl_verify="off")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(world.get, host)
        peer = backend.accept()
        peer.request()
        peer.answer(b"unverified")
        assert asked.result().text == "unverified"


def test_a_secret_that_is_missing_closes_the_route(world: World) -> None:
    host = world.host()
    world.add(world.ingress(host, backend_protocol="HTTPS", proxy_ssl_secret="default/nobody"))
    assert world.get(host).status == 503
