"""Short ways to write down a configuration, for tests of what carries it."""

from collections.abc import Iterable

from gateway.ir.backend import Backend, Endpoint
from gateway.ir.certificate import Certificate
from gateway.ir.changes import Changes
from gateway.ir.ids import BackendId, CertificateId, RouteId
from gateway.ir.listener import Listener, Protocol
from gateway.ir.match import Prefix
from gateway.ir.policy import Policy
from gateway.ir.route import Forward, HostTable, Route
from gateway.ir.secret import Secret

LISTENERS = (Listener("http", Protocol.HTTP, "main"), Listener("https", Protocol.HTTPS, "main"))


def route(name: str, path: str, *, index: int = 0, service: str = "web", policy: Policy | None = None) -> Route:
    identity = RouteId("Ingress", "default", name, 0, index)
    return Route(identity, Prefix(path), Forward(BackendId("default", service, "80")), policy or Policy(), path)


def host(name: str, *routes: Route, certificate: CertificateId | None = None) -> HostTable:
    return HostTable(name, routes, certificate)


def backend(service: str, *addresses: str) -> Backend:
    return Backend(BackendId("default", service, "80"), tuple(Endpoint(address, 8080) for address in addresses))


def certificate(name: str, text: bytes = b"chain") -> Certificate:
    return Certificate(CertificateId("default", name), text, Secret(b"key of " + text))


def changes(
    hosts: Iterable[HostTable] = (),
    backends: Iterable[Backend] = (),
    certificates: Iterable[Certificate] = (),
    *,
    gone: Iterable[str] = (),
    default: CertificateId | None = None,
    table: str = "main",
) -> Changes:
    tables: dict[tuple[str, str], HostTable | None] = {(table, one.host): one for one in hosts}
    tables |= {(table, name): None for name in gone}
    return Changes(
        tables,
        {one.id: one for one in backends},
        {one.id: one for one in certificates},
        LISTENERS,
        default,
    )
