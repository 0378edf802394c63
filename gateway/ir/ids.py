"""Stable identities. Structs, so that no choice of names can make two of them collide."""

from msgspec import Struct


class BackendId(Struct, frozen=True, array_like=True, order=True):
    """One port of one Service as a route names it (`port` is the port's number or name, as text)."""

    namespace: str
    service: str
    port: str


class CertificateId(Struct, frozen=True, array_like=True, order=True):
    """A `kubernetes.io/tls` Secret."""

    namespace: str
    name: str


class RouteId(Struct, frozen=True, array_like=True, order=True):
    """Where a route was written: an object, and the rule and path in it (counted from 0)."""

    kind: str
    namespace: str
    name: str
    rule: int
    path: int
