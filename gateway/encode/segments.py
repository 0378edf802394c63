"""The shape of every segment. Mirrors the IR; `_core/image` decodes the same, and a lock file holds both together.

A field that is added here with a default needs a new minor IR version, any other change a new major one.
"""

from typing import Any, Final, TypeAlias

from msgspec import Struct, msgpack

from gateway.encode.digest import Digest
from gateway.ir.backend import Backend
from gateway.ir.connections import Connections
from gateway.ir.ids import BackendId, CertificateId, RouteId
from gateway.ir.listener import Listener
from gateway.ir.log import AccessLog
from gateway.ir.match import PathMatch
from gateway.ir.peers import HostTls
from gateway.ir.policy import Policy
from gateway.ir.route import Action, Errors, Mirror
from gateway.ir.secret import Secret


class Root(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="root"):
    """Everything that is served. Its digest names the snapshot."""

    version: tuple[int, int]
    listeners: Digest
    tables: dict[str, tuple[Digest, ...]]
    backends: tuple[Digest, ...]
    certificates: tuple[Digest, ...]
    default_certificate: CertificateId | None


class ListenersSegment(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="listeners"
):
    listeners: tuple[Listener, ...]
    connections: Connections = Connections()
    log: AccessLog = AccessLog()


class HostShard(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="hosts"):
    """Keyed by `digest.host_key`, sorted."""

    hosts: dict[str, Digest]


class RouteEntry(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`ir.Route` with the digest of its policy in place of the policy."""

    id: RouteId
    match: PathMatch
    action: Action
    policy: Digest
    display_path: str
    errors: Errors | None = None
    mirror: Mirror | None = None


class HostSegment(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="host"):
    """`ir.HostTable`."""

    host: str
    certificate: CertificateId | None
    routes: tuple[RouteEntry, ...]
    tls: HostTls | None = None


class PolicySegment(
    Policy, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="policy"
):
    """`ir.Policy`, by inheritance."""

    @classmethod
    def of(cls, policy: Policy) -> "PolicySegment":
        return cls(*_values(policy, Policy))


class BackendShard(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="backends"):
    """Sorted by id."""

    backends: tuple[tuple[BackendId, Digest], ...]


class BackendSegment(
    Backend, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="backend"
):
    """`ir.Backend`, by inheritance."""

    @classmethod
    def of(cls, backend: Backend) -> "BackendSegment":
        return cls(*_values(backend, Backend))


class CertificateShard(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="certificates"):
    """Sorted by id."""

    certificates: tuple[tuple[CertificateId, Digest], ...]


class CertificateSegment(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="certificate"):
    """`ir.Certificate`. Here the private key is in the open, so this never shows itself."""

    id: CertificateId
    chain_pem: bytes
    key_pem: bytes

    def __repr__(self) -> str:
        return f"CertificateSegment({self.id.namespace}/{self.id.name})"


Segment: TypeAlias = (
    Root
    | ListenersSegment
    | HostShard
    | HostSegment
    | PolicySegment
    | BackendShard
    | BackendSegment
    | CertificateShard
    | CertificateSegment
)

KINDS: Final[tuple[type[Struct], ...]] = (
    Root,
    ListenersSegment,
    HostShard,
    HostSegment,
    PolicySegment,
    BackendShard,
    BackendSegment,
    CertificateShard,
    CertificateSegment,
)


def _open(value: object) -> bytes:
    """Secrets leave for the data plane here, and nowhere else."""
    if isinstance(value, Secret):
        return bytes(value)
    raise TypeError(f"{type(value).__name__} has no place in a segment")


def _close(kind: type, value: object) -> Secret:
    if kind is Secret and isinstance(value, bytes):
        return Secret(value)
    raise TypeError(f"{kind.__name__} has no place in a segment")


_encoder: Final = msgpack.Encoder(enc_hook=_open)
_decoder: Final = msgpack.Decoder(Segment, dec_hook=_close)


def encode(segment: Segment) -> bytes:
    return _encoder.encode(segment)


def decode(data: bytes) -> Segment:
    """Only ever given what `encode` made; what comes from elsewhere is judged by the data plane."""
    segment: Segment = _decoder.decode(data)
    return segment


def id_key(identity: BackendId | CertificateId) -> bytes:
    """The bytes by which an id chooses its shard."""
    return _encoder.encode(identity)


def _values(value: Struct, shape: type[Struct]) -> list[Any]:
    return [getattr(value, name) for name in shape.__struct_fields__]
