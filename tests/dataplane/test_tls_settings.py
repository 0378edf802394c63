"""TLS as configuration asks for it: of a listener, and of one host."""

import ssl
from collections.abc import Callable
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from gateway._core import Refused
from gateway.ir.backend import Backend
from gateway.ir.listener import Protocol
from gateway.ir.peers import HostTls, ListenerTls, TlsVersion
from gateway.ir.route import HostTable
from gateway.ir.secret import Secret
from tests.support.engine import HOST, Gate, Minted, backend_id, route
from tests.support.raw_client import RawClient

MakeGate = Callable[..., Gate]
AES, CHACHA = "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"


class Visit(NamedTuple):
    """The session that the client has afterwards, and whether the one that it came with was resumed."""

    session: ssl.SSLSession | None
    resumed: bool


def serve(gate: Gate, tls: ListenerTls | None = None, host: HostTls | None = None, name: str = HOST) -> None:
    gate.listeners = tuple(replace(one, tls=tls if one.protocol is Protocol.HTTPS else None) for one in gate.listeners)
    minted = Minted.of(name)
    certificate = minted.certificate("one")
    table = HostTable(name, (route(),), certificate.id, host)
    gate.serve(table, backends=[Backend(backend_id("web"), ())], certificates=[certificate])


def context(version: ssl.TLSVersion | None = None, ciphers: str = "") -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if version:
        made.minimum_version = made.maximum_version = version
    if ciphers:
        made.set_ciphers(ciphers)
    return made


def visit(gate: Gate, client: ssl.SSLContext, name: str | None = HOST, session: ssl.SSLSession | None = None) -> Visit:
    """A connection that has had an answer, so that its tickets have come."""
    with RawClient(gate.address("https"), tls=client, server_name=name, session=session) as made:
        assert made.get(HOST).status in {421, 503}
        assert isinstance(made.socket, ssl.SSLSocket)
        return Visit(made.socket.session, bool(made.socket.session_reused))


def spoken(gate: Gate, client: ssl.SSLContext, name: str | None = HOST) -> tuple[str | None, str]:
    """Version and cipher suite."""
    with RawClient(gate.address("https"), tls=client, server_name=name) as made:
        assert isinstance(made.socket, ssl.SSLSocket)
        suite = made.socket.cipher()
        assert suite
        return made.socket.version(), suite[0]


def test_versions(gate: Gate) -> None:
    serve(gate, ListenerTls(oldest=TlsVersion.V13))
    assert spoken(gate, context())[0] == "TLSv1.3"
    with pytest.raises(ssl.SSLError):
        spoken(gate, context(ssl.TLSVersion.TLSv1_2))
    serve(gate, ListenerTls(newest=TlsVersion.V12))
    assert spoken(gate, context())[0] == "TLSv1.2"
    serve(gate)
    assert spoken(gate, context())[0] == "TLSv1.3"


def test_suites_and_whose_order_counts(gate: Gate) -> None:
    client = context(ssl.TLSVersion.TLSv1_2, f"{CHACHA}:{AES}")
    serve(gate, ListenerTls(ciphers=f"{AES}:{CHACHA}"))
    assert spoken(gate, client)[1] == AES
    serve(gate, ListenerTls(ciphers=f"{AES}:{CHACHA}", client_order=True))
    assert spoken(gate, client)[1] == CHACHA
    serve(gate, ListenerTls(ciphers=AES))
    with pytest.raises(ssl.SSLError):
        spoken(gate, context(ssl.TLSVersion.TLSv1_2, CHACHA))
    # Also where no certificate is chosen.
    with pytest.raises(ssl.SSLError):
        spoken(gate, context(ssl.TLSVersion.TLSv1_2, CHACHA), "nobody.example")


def test_suites_of_one_host(gate: Gate) -> None:
    client = context(ssl.TLSVersion.TLSv1_2, f"{CHACHA}:{AES}")
    serve(gate, ListenerTls(ciphers=AES), HostTls(ciphers=CHACHA))
    assert spoken(gate, client)[1] == CHACHA
    assert spoken(gate, client, "nobody.example")[1] == AES
    serve(gate, None, HostTls(ciphers=f"{AES}:{CHACHA}"))
    assert spoken(gate, client)[1] == AES
    serve(gate, None, HostTls(ciphers=f"{AES}:{CHACHA}", client_order=True))
    assert spoken(gate, client)[1] == CHACHA
    serve(gate, ListenerTls(client_order=True), HostTls(ciphers=f"{AES}:{CHACHA}", client_order=False))
    assert spoken(gate, client)[1] == AES


def test_groups(gate: Gate) -> None:
    client = context(ssl.TLSVersion.TLSv1_2)
    client.set_ecdh_curve("prime256v1")
    serve(gate, ListenerTls(groups="X25519:P-256"))
    assert spoken(gate, client)
    serve(gate, ListenerTls(groups="P-384"))
    with pytest.raises(ssl.SSLError):
        spoken(gate, client)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_how_long_a_ticket_is_good_for_and_whether_there_is_one(gate: Gate, version: ssl.TLSVersion) -> None:
    client = context(version)
    for tls, seconds in ((None, 600), (ListenerTls(session_s=77), 77)):
        serve(gate, tls)
        session = visit(gate, client).session
        assert session
        assert session.ticket_lifetime_hint == seconds
        assert visit(gate, client, session=session).resumed
    serve(gate, ListenerTls(tickets=False))
    fresh = visit(gate, client)
    assert fresh.session is None or not fresh.session.has_ticket
    assert not visit(gate, client, session=fresh.session).resumed


def test_every_worker_takes_the_tickets_of_the_others(make_gate: MakeGate) -> None:
    gate = make_gate(workers=4)
    serve(gate)
    client = context(ssl.TLSVersion.TLSv1_3)
    session = visit(gate, client).session
    assert all(visit(gate, client, session=session).resumed for _ in range(24))


def test_a_stored_key_opens_the_tickets_of_other_gateways(make_gate: MakeGate) -> None:
    client = context(ssl.TLSVersion.TLSv1_3)
    for tls, taken in ((ListenerTls(ticket_key=Secret(bytes(range(80)))), True), (None, False)):
        one, two = make_gate(), make_gate()
        serve(one, tls)
        serve(two, tls)
        assert visit(two, client, session=visit(one, client).session).resumed is taken


def test_names_without_a_host_are_refused_in_the_handshake(gate: Gate) -> None:
    serve(gate, ListenerTls(known_names_only=True))
    serve(gate, ListenerTls(known_names_only=True), name="*.wild.example")
    gate.serve(HostTable("", (route(),)))
    for name in (HOST, "a.wild.example"):
        assert spoken(gate, context(), name)
    nobody: tuple[str | None, ...] = ("nobody.example", "a.b.wild.example", None)
    for other in nobody:
        with pytest.raises(ssl.SSLError):
            spoken(gate, context(), other)
    serve(gate)
    assert spoken(gate, context(), "nobody.example")


def test_a_connection_that_is_there_outlives_a_change(gate: Gate) -> None:
    serve(gate)
    with RawClient(gate.address("https"), tls=context(ssl.TLSVersion.TLSv1_2), server_name=HOST) as client:
        assert client.get(HOST).status == 503
        serve(gate, ListenerTls(oldest=TlsVersion.V13))
        assert client.get(HOST).status == 503


@pytest.mark.parametrize(
    ("tls", "field"),
    [
        (ListenerTls(ciphers="NOTHING"), "listeners[1].tls.ciphers"),
        (ListenerTls(groups="NOTHING"), "listeners[1].tls.groups"),
        (ListenerTls(oldest=TlsVersion.V13, newest=TlsVersion.V12), "listeners[1].tls.oldest"),
        (ListenerTls(ticket_key=Secret(b"short")), "listeners[1].tls.ticket_key"),
        (ListenerTls(session_s=0), "listeners[1].tls.session_s"),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(gate: Gate, tls: ListenerTls, field: str) -> None:
    serve(gate)
    with pytest.raises(Refused) as refused:
        serve(gate, tls)
    assert refused.value.field == field
    assert "short" not in refused.value.reason
    assert spoken(gate, context())
