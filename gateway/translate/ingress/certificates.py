"""Which certificate a host shows, and whether it counts as a TLS host at all."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from gateway.ir.ids import CertificateId
from gateway.translate.ingress.claims import Claims, TlsClaim
from gateway.translate.names import covers
from gateway.translate.secrets import CertificateUnit
from gateway.verdicts import reasons
from gateway.verdicts.verdict import Verdict

Certificates = Callable[[CertificateId], CertificateUnit]


class TlsState(Struct, frozen=True):
    """`tls`: plain HTTP is sent to https, if nothing else is asked for. `certificate` None is the default one."""

    tls: bool = False
    certificate: CertificateId | None = None


class Choice(Struct, frozen=True):
    state: TlsState
    verdicts: tuple[Verdict, ...] = ()


def choose(host: str, claimants: Sequence[Claims], certificates: Certificates, wildcard: TlsState) -> Choice:
    """The first Ingress with a TLS entry for the host decides; without one, the host's wildcard does.

    A Secret that cannot be used costs the certificate, never the redirect.
    """
    if not host:  # no client can ask for it by name
        return Choice(TlsState())
    decided: TlsState | None = None
    winner = ""
    verdicts: list[Verdict] = []
    for claims in claimants:
        entry = _entry(host, claims, certificates)
        if entry is None:
            continue
        if decided is None:
            shown = _judge(host, claims, entry, certificates, verdicts)
            decided, winner = TlsState(tls=True, certificate=shown), str(claims.subject)
        elif entry.certificate not in (None, decided.certificate):
            verdicts.append(
                reasons.CERTIFICATE_DECIDED.verdict(
                    claims.subject,
                    f"spec.tls[{entry.index}].secretName",
                    entry.certificate.name if entry.certificate else "",
                    f"{winner} comes first and decides the certificate of {host}",
                    "use one Secret for one host",
                )
            )
    return Choice(decided or wildcard, tuple(verdicts))


def _entry(host: str, claims: Claims, certificates: Certificates) -> TlsClaim | None:
    """One that lists the host; else one whose certificate covers it; else one that covers it by a wildcard, or lists
    nothing at all.
    """
    if not claims.tls:
        return None
    for entry in claims.tls:
        if host in entry.hosts:
            return entry
    for entry in claims.tls:
        if entry.certificate is not None and certificates(entry.certificate).covers(host):
            return entry
    for entry in claims.tls:
        if not entry.hosts or any(covers(name, host) for name in entry.hosts):
            return entry
    return None


def _judge(
    host: str, claims: Claims, entry: TlsClaim, certificates: Certificates, verdicts: list[Verdict]
) -> CertificateId | None:
    if entry.certificate is None:
        return None
    unit = certificates(entry.certificate)
    field, name = f"spec.tls[{entry.index}].secretName", entry.certificate.name
    verdicts.extend(flaw.reason.verdict(claims.subject, field, name, flaw.text, flaw.fix) for flaw in unit.flaws)
    if unit.certificate is None:
        return None
    if not unit.covers(host):
        names = ", ".join(sorted(unit.names)[:5]) or "no name"
        verdicts.append(
            reasons.NOT_COVERED.verdict(
                claims.subject,
                field,
                name,
                f"the certificate is for {reasons.readable(names)}, not for {host}",
                f"use a certificate with the name {host}",
            )
        )
        return None
    return entry.certificate
