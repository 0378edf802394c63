"""A Secret → one certificate. Must not know which host shows it.

A Secret whose content can no longer be used (a renewal that went wrong half way, say) goes on with the certificate that
it held before, and everybody who refers to it is told. A Secret that is gone takes its certificate with it: whoever
deleted it wanted that.
"""

from typing import Final

import msgspec
from msgspec import Struct

from gateway.ir.certificate import Certificate
from gateway.ir.ids import CertificateId
from gateway.objects.meta import ObjectKey
from gateway.store.view import View
from gateway.translate.limits import PEM_BYTES
from gateway.translate.names import covers
from gateway.translate.rules import Rules
from gateway.verdicts import reasons
from gateway.verdicts.reasons import Reason

_TYPE: Final = "kubernetes.io/tls"
_CHAIN: Final = "tls.crt"
_KEY: Final = "tls.key"


class Flaw(Struct, frozen=True):
    """Something to say to everyone who refers to a certificate."""

    reason: Reason
    text: str
    fix: str


class Facts(Struct, frozen=True):
    """What `Rules.check_certificate` says. Names are in lower case; times are Unix seconds."""

    names: tuple[str, ...]
    not_before: int
    not_after: int
    subject: str = ""


class CertificateUnit(Struct, frozen=True):
    """`certificate` is None when there is nothing to show; then a flaw says why."""

    certificate: Certificate | None
    names: frozenset[str] = frozenset()
    flaws: tuple[Flaw, ...] = ()

    def covers(self, host: str) -> bool:
        return self.certificate is not None and any(covers(name, host) for name in self.names)


def secret_key(identity: CertificateId) -> ObjectKey:
    return ObjectKey("Secret", identity.namespace, identity.name)


def build_certificate(
    view: View, rules: Rules, identity: CertificateId, last: CertificateUnit | None = None
) -> CertificateUnit:
    """`last` is what the same Secret gave before. Never says anything about the key but whether it fits."""
    secret = view.secret(identity.namespace, identity.name)
    unread = view.unread(secret_key(identity)) if secret is None else None
    if unread is not None:
        text = f"Secret {identity.name} in namespace {identity.namespace} could not be read: {unread.reason}"
        return _unusable(last, reasons.SECRET_UNREAD, text, unread.fix)
    if secret is None:
        return _unusable(
            None,
            reasons.SECRET_MISSING,
            f"there is no Secret {identity.name} in namespace {identity.namespace}",
            f"create it: kubectl -n {identity.namespace} create secret tls {identity.name} --cert=FILE --key=FILE",
        )
    chain, key = secret.data.get(_CHAIN), secret.data.get(_KEY)
    if not chain or not key:
        lacking = " and ".join(name for name, value in ((_CHAIN, chain), (_KEY, key)) if not value)
        return _unusable(
            last,
            reasons.SECRET_INCOMPLETE,
            f"Secret {identity.name} (of type {reasons.readable(secret.type)}) lacks {lacking}",
            f"store the certificate chain as {_CHAIN} and its key as {_KEY}, with type {_TYPE}",
        )
    if max(len(chain), len(key)) > PEM_BYTES:
        return _unusable(
            last,
            reasons.BAD_CERTIFICATE,
            f"Secret {identity.name} holds more than {PEM_BYTES} bytes of PEM",
            "store the leaf certificate and its issuers only",
        )
    try:
        facts = msgspec.convert(rules.check_certificate(bytes(chain), bytes(key)), Facts)
    except ValueError as problem:
        return _unusable(
            last,
            reasons.BAD_CERTIFICATE,
            f"Secret {identity.name}: {reasons.readable(str(problem))}",
            "store a PEM certificate chain, leaf first, and the PEM private key of the leaf",
        )
    flaws = []
    if secret.type != _TYPE:
        text = f"Secret {identity.name} is of type {reasons.readable(secret.type)}"
        flaws.append(Flaw(reasons.SECRET_TYPE, text, f"create it with type {_TYPE}"))
    if not facts.not_before <= rules.now() <= facts.not_after:
        word = "expired" if facts.not_after < rules.now() else "is not valid yet"
        flaws.append(
            Flaw(reasons.EXPIRED, f"the certificate in Secret {identity.name} {word}", "renew the certificate")
        )
    return CertificateUnit(Certificate(identity, bytes(chain), key), frozenset(facts.names), tuple(flaws))


def _unusable(last: CertificateUnit | None, reason: Reason, text: str, fix: str) -> CertificateUnit:
    if last is None or last.certificate is None:
        return CertificateUnit(None, flaws=(Flaw(reason, text, fix),))
    flaw = Flaw(reason, f"{text}; the certificate that it held before is still served", fix)
    return CertificateUnit(last.certificate, last.names, (flaw,))
