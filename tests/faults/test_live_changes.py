"""What changes most in a cluster, endpoints and certificates, changed under load."""

import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from gateway import _core
from tests.support.gateway_process import Gateway
from tests.support.load import Load
from tests.support.manifests import ingress, put, secret, service, slices
from tests.support.raw_client import RawClient
from tests.support.site import HOST, Site, get, get_tls, until

EDITS = 102  # a multiple of the turns
CERTIFICATES = 40


@pytest.fixture
def cluster(site: Site) -> Gateway:
    """One Service whose endpoints come from slices, as in a cluster."""
    put(site.manifests, "app.yaml", f"{ingress('app', HOST, 'web')}---\n{service('web')}")
    put(site.manifests, "slices.yaml", slices("web", site.blue.address))
    return site.start()


def _endpoints(site: Site, gateway: Gateway, *addresses: str) -> str:
    """The line that the gateway prints for it."""
    seen = gateway.err.count()
    put(site.manifests, "slices.yaml", slices("web", *addresses))
    return gateway.err.wait(r" snapshot \w+: ", after=seen)


def test_endpoints_come_and_go_under_load(site: Site, cluster: Gateway) -> None:
    blue, green = site.blue.address, site.green.address
    turns = ((blue, green), (blue,), (green,))
    with Load(cluster.address("http"), HOST, ("blue", "green"), pause=0.0) as load:
        for number in range(EDITS):
            line = _endpoints(site, cluster, *turns[number % 3])
            assert ": endpoints of default/web:80 " in line  # and nothing else: no route table was touched
            load.wait_for(3)
    assert load.failures == []
    assert {get(cluster).text for _ in range(10)} == {"green"}
    assert cluster.stop() == 0


def test_a_request_to_an_endpoint_that_is_taken_away_is_finished(site: Site, cluster: Gateway) -> None:
    site.blue.gate = Event()
    with RawClient(cluster.address("http")) as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert site.blue.waiting.acquire(timeout=10)
        _endpoints(site, cluster, site.green.address)
        assert get(cluster).text == "green"
        site.blue.gate.set()
        assert client.response().text == "blue"
        assert client.get(HOST).text == "green"
    assert cluster.stop() == 0


def test_without_an_endpoint_it_is_503_until_one_comes(site: Site, cluster: Gateway) -> None:
    _endpoints(site, cluster)
    assert get(cluster).status == 503
    _endpoints(site, cluster, site.green.address)
    assert get(cluster).text == "green"
    assert cluster.stop() == 0


Issue = Callable[[], bytes]


@pytest.fixture
def trusting(tmp_path: Path) -> ssl.SSLContext:
    """Trusts `tmp_path/ca.pem`, and nothing else."""
    ca = _core.mint_certificate(["Test CA"], None, 30)
    (tmp_path / "ca.pem").write_bytes(ca[0])
    (tmp_path / "ca-key.pem").write_bytes(ca[1])
    return ssl.create_default_context(cafile=tmp_path / "ca.pem")


@pytest.fixture
def issue(site: Site, tmp_path: Path, trusting: ssl.SSLContext) -> Issue:
    """Puts a new certificate of the CA in the place of the old one, and returns it as a client sees it."""

    def it() -> bytes:
        ca = (tmp_path / "ca.pem").read_bytes(), (tmp_path / "ca-key.pem").read_bytes()
        chain, key = _core.mint_certificate([HOST], ca, 30)
        put(site.manifests, "tls.yaml", secret("app-tls", chain, key))
        end = b"-----END CERTIFICATE-----"
        return ssl.PEM_cert_to_DER_cert((chain.partition(end)[0] + end).decode())

    put(site.manifests, "app.yaml", ingress("app", HOST, "blue", secret="app-tls"))
    return it


def test_a_certificate_is_swapped_without_a_failed_handshake(
    site: Site, issue: Issue, trusting: ssl.SSLContext
) -> None:
    first = issue()
    gateway = site.start()
    address = gateway.address("https")

    def shows(wanted: bytes) -> bool:
        with RawClient(address, tls=trusting, server_name=HOST) as client:
            assert isinstance(client.socket, ssl.SSLSocket)
            return client.socket.getpeercert(binary_form=True) == wanted

    assert shows(first)
    kept = Load(address, HOST, "blue", clients=1, tls=trusting)
    with Load(address, HOST, "blue", clients=3, tls=trusting, fresh=True, pause=0.0) as load, kept:
        for _ in range(CERTIFICATES):
            until(partial(shows, issue()))
            load.wait_for(3)
    assert load.failures == []
    assert kept.failures == []
    assert load.served >= 3 * CERTIFICATES
    assert gateway.stop() == 0


def test_a_session_from_before_the_swap_does_no_harm(site: Site, issue: Issue, trusting: ssl.SSLContext) -> None:
    issue()
    gateway = site.start()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        trusting.maximum_version = version
        with RawClient(gateway.address("https"), tls=trusting, server_name=HOST) as client:
            assert client.get(HOST).text == "blue"
            assert isinstance(client.socket, ssl.SSLSocket)
            session = client.socket.session
        seen = gateway.err.count()
        issue()
        gateway.err.wait(r" snapshot \w+: .*certificate", after=seen)
        with RawClient(gateway.address("https"), tls=trusting, server_name=HOST, session=session) as client:
            assert client.get(HOST).text == "blue"
    assert gateway.stop() == 0


def test_a_certificate_that_does_not_match_its_key_is_named_and_the_last_good_one_stays(
    site: Site, issue: Issue, trusting: ssl.SSLContext, tmp_path: Path
) -> None:
    issue()
    other = "other.example.com"
    ca = (tmp_path / "ca.pem").read_bytes(), (tmp_path / "ca-key.pem").read_bytes()
    put(site.manifests, "other.yaml", ingress("other", other, "green", secret="other-tls"))
    put(site.manifests, "other-tls.yaml", secret("other-tls", *_core.mint_certificate([other], ca, 30)))
    gateway = site.start()
    chain, _ = _core.mint_certificate([HOST], ca, 30)
    _, key = _core.mint_certificate([HOST], ca, 30)
    with Load(gateway.address("https"), other, "green", tls=trusting, fresh=True) as load:
        seen = gateway.err.count()
        put(site.manifests, "tls.yaml", secret("app-tls", chain, key))
        line = gateway.err.wait(r"^(error|warning) .*app-tls", after=seen)
        assert "key" in line
        assert "still served" in line
        load.wait_for(20)
        assert get_tls(gateway, trusting).text == "blue"
        seen = gateway.err.count()
        issue()
        gateway.err.wait(r" snapshot \w+: .*certificate", after=seen)
        load.wait_for(20)
    assert load.failures == []
    assert get_tls(gateway, trusting).text == "blue"
    assert gateway.stop() == 0
