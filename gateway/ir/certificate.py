"""A certificate and its key."""

from msgspec import Struct

from gateway.ir.ids import CertificateId
from gateway.ir.secret import Secret


class Certificate(Struct, frozen=True):
    """`chain_pem` is the leaf first, then its issuers; `key_pem` the leaf's private key. Both are PEM (RFC 7468)."""

    id: CertificateId
    chain_pem: bytes
    key_pem: Secret
