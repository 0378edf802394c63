"""TLS with clients: versions, names, resumption, and certificates that change."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

import pytest

from gateway.ir.backend import Backend
from gateway.ir.certificate import Certificate
from gateway.ir.ids import CertificateId
from gateway.ir.route import HostTable
from tests.support.engine import HOST, Gate, Minted, backend_id, forward, route
from tests.support.origin import Answer, Origin
from tests.support.raw_client import RawClient

MakeGate = Callable[..., Gate]


def ask_anything() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def shown(gate: Gate, name: str | None, context: ssl.SSLContext | None = None) -> bytes:
    """The certificate that a client sees who asks for this name."""
    with RawClient(gate.address("https"), tls=context or ask_anything(), server_name=name) as client:
        assert isinstance(client.socket, ssl.SSLSocket)
        certificate = client.socket.getpeercert(binary_form=True)
        assert certificate
        return certificate


def der(minted: Minted) -> bytes:
    first = minted.chain.decode().partition("-----END CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(first[0] + first[1])


def serve(gate: Gate, **hosts: tuple[str, Minted]) -> dict[str, Certificate]:
    """Each keyword is a Secret's name, with the host that shows it."""
    certificates = {name: minted.certificate(name) for name, (_, minted) in hosts.items()}
    tables = [HostTable(host, (route(),), certificates[name].id) for name, (host, _) in hosts.items()]
    gate.serve(*tables, backends=[Backend(backend_id("web"), ())], certificates=certificates.values())
    return certificates


@pytest.mark.parametrize(
    ("version", "counter"),
    [(ssl.TLSVersion.TLSv1_2, "TlsVersion12"), (ssl.TLSVersion.TLSv1_3, "TlsVersion13")],
)
def test_both_versions_are_spoken(gate: Gate, version: ssl.TLSVersion, counter: str) -> None:
    minted = Minted.of(HOST)
    serve(gate, one=(HOST, minted))
    context = minted.trust()
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    with RawClient(gate.address("https"), tls=context, server_name=HOST) as client:
        assert isinstance(client.socket, ssl.SSLSocket)
        assert client.socket.selected_alpn_protocol() == "http/1.1"
        assert client.get(HOST).status == 503
        assert client.get(HOST).status == 503
    counters = gate.wait_for(RequestsFinished=2)
    assert counters[counter] == counters["TlsHandshakesFull"] == 1
    assert gate.records(1)[0]["tls_version"] == version.value


def test_a_client_that_offers_only_other_protocols_goes_on_without(gate: Gate) -> None:
    context = ask_anything()
    context.set_alpn_protocols(["h2"])
    with RawClient(gate.address("https"), tls=context, server_name=HOST) as client:
        assert isinstance(client.socket, ssl.SSLSocket)
        assert client.socket.selected_alpn_protocol() is None
        assert client.get("unknown.example").status == 404


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_versions_are_refused(gate: Gate, version: ssl.TLSVersion) -> None:
    context = ask_anything()
    context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        RawClient(gate.address("https"), tls=context, server_name=HOST)
    assert gate.wait_for(TlsHandshakesFailed=1)["TlsHandshakesFull"] == 0


def test_the_name_selects_the_certificate(gate: Gate) -> None:
    exact, wild = Minted.of("a.example"), Minted.of("*.wild.example")
    serve(gate, exact=("a.example", exact), wild=("*.wild.example", wild))
    own = shown(gate, None)
    assert own not in {der(exact), der(wild)}
    for name, expected in {
        "a.example": der(exact),
        "A.EXAMPLE": der(exact),
        "a.example.": der(exact),
        "b.wild.example": der(wild),
        "B.Wild.Example": der(wild),
        "c.b.wild.example": own,
        "wild.example": own,
        "unknown.example": own,
    }.items():
        assert shown(gate, name) == expected, name


def test_the_default_certificate_is_for_everybody_else(gate: Gate) -> None:
    minted, other = Minted.of("a.example"), Minted.of("default.example")
    default = other.certificate("default")
    serve(gate, one=("a.example", minted))
    gate.serve(certificates=[default], default=default.id)
    assert shown(gate, "a.example") == der(minted)
    assert shown(gate, "unknown.example") == der(other)
    assert shown(gate, None) == der(other)


def test_the_chain_is_shown_whole(gate: Gate) -> None:
    minted = Minted.of(HOST)
    whole = minted._replace(chain=minted.chain + minted.ca)
    serve(gate, one=(HOST, whole))
    with RawClient(gate.address("https"), tls=minted.trust(), server_name=HOST) as client:
        assert client.get(HOST).status == 503


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed_by_its_ticket_also_after_a_change(gate: Gate, version: ssl.TLSVersion) -> None:
    minted = Minted.of(HOST)
    serve(gate, one=(HOST, minted))
    context = minted.trust()
    context.minimum_version = context.maximum_version = version

    def visit(session: ssl.SSLSession | None) -> tuple[bool, ssl.SSLSession | None]:
        with RawClient(gate.address("https"), tls=context, server_name=HOST, session=session) as client:
            assert isinstance(client.socket, ssl.SSLSocket)
            assert client.get(HOST).status == 503  # TLS 1.3 sends its tickets after the handshake
            return bool(client.socket.session_reused), client.socket.session

    reused, session = visit(None)
    assert not reused
    reused, session = visit(session)
    assert reused
    serve(gate, one=(HOST, Minted.of(HOST)))
    reused, session = visit(session)
    assert reused
    counters = gate.wait_for(RequestsFinished=3)
    assert (counters["TlsHandshakesFull"], counters["TlsHandshakesResumed"]) == (1, 2)


def test_a_new_certificate_is_shown_from_the_next_handshake_on(gate: Gate) -> None:
    first, second = Minted.of(HOST), Minted.of(HOST)
    serve(gate, one=(HOST, first))
    with RawClient(gate.address("https"), tls=first.trust(), server_name=HOST) as client:
        assert client.get(HOST).status == 503
        serve(gate, one=(HOST, second))
        assert shown(gate, HOST) == der(second)
        assert client.get(HOST).status == 503  # who was connected stays connected


def test_handshakes_do_not_notice_that_certificates_change(make_gate: MakeGate) -> None:
    gate = make_gate(workers=2)
    minted = [Minted.of(HOST) for _ in range(4)]
    serve(gate, one=(HOST, minted[0]))
    stop, seen, failures = threading.Event(), set(), []
    known = {der(each) for each in minted}

    def shake() -> None:
        while not stop.is_set():
            try:
                seen.add(shown(gate, HOST))
            except Exception as error:  # noqa: BLE001 -- any at all is what this test is about
                failures.append(error)

    threads = [threading.Thread(target=shake) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(60):
        serve(gate, one=(HOST, minted[number % 4]))
    gate.wait(lambda counters: counters["TlsHandshakesFull"] >= 50)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert seen <= known
    counters = gate.counters()
    assert counters["TlsHandshakesFailed"] == 0


def test_a_certificate_that_cannot_be_used_changes_nothing(gate: Gate) -> None:
    minted = Minted.of(HOST)
    serve(gate, one=(HOST, minted))
    root = gate.engine.digest()
    wrong = minted._replace(key=Minted.of(HOST).key)
    with pytest.raises(ValueError, match="does not belong"):
        serve(gate, one=(HOST, wrong))
    assert gate.engine.digest() == root
    assert shown(gate, HOST) == der(minted)


def test_a_handshake_that_does_not_end_is_ended_and_keeps_nobody_waiting(make_gate: MakeGate) -> None:
    gate = make_gate(handshake_timeout_ms=150)
    gate.route_to(("127.0.0.1", 1))
    with socket.create_connection(gate.address("https")) as silent, gate.client() as client:
        silent.settimeout(15)
        silent.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        assert client.get("unknown.example").status == 404
        assert silent.recv(1) == b""
    counters = gate.wait_for(TlsHandshakesFailed=1)
    assert counters["TimeoutHandshake"] == 1


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(99), bytes(50)]
)
def test_what_is_no_handshake_is_refused(gate: Gate, noise: bytes) -> None:
    with socket.create_connection(gate.address("https")) as client:
        client.settimeout(15)
        client.sendall(noise)
        with contextlib.suppress(OSError):  # it may be closed by now
            client.shutdown(socket.SHUT_WR)
            while client.recv(1000):
                pass
    counters = gate.wait_for(TlsHandshakesFailed=1)
    assert counters["RequestsStarted"] == 0


def test_a_large_answer_over_tls(gate: Gate) -> None:
    minted = Minted.of(HOST)
    body = b"0123456789abcdef" * 200_000
    with Origin("big") as origin:
        origin.script = lambda _: Answer(pieces=(body,))
        gate.route_to(("127.0.0.1", origin.port))
        certificate = minted.certificate("one")
        gate.serve(HostTable(HOST, (route("/", forward(HOST)),), certificate.id), certificates=[certificate])
        with RawClient(gate.address("https"), tls=minted.trust(), server_name=HOST) as client:
            for _ in range(2):
                assert client.get(HOST).body == body


def test_a_certificate_of_no_host_changes_nothing(gate: Gate) -> None:
    minted = Minted.of("nobody.example")
    gate.serve(certificates=[minted.certificate("spare")])
    assert shown(gate, "nobody.example") != der(minted)
    assert CertificateId("default", "spare") == minted.certificate("spare").id
