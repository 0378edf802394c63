"""The document of all certificates: what TLS clients are shown, until when, and on which hosts. Never a key."""

from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct

from gateway.ir.ids import CertificateId
from gateway.survey.findings import Finding, finding
from gateway.survey.served import Served
from gateway.survey.standing import Standing
from gateway.translate.secrets import Facts

DAY: Final = 86_400.0
HOSTS: Final = 50  # of one certificate
TROUBLE: Final = frozenset(("GW260", "GW261", "GW262", "GW263", "GW264", "GW268", "GW269", "GW271"))
"""Codes of Secrets that cannot be used, or not well."""


class Certificate(Struct, frozen=True):
    """`secret` is `namespace/name`; `days` until it expires, negative when it has; `hosts` are those that show it, `*`
    is every host that has no other.
    """

    secret: str
    names: tuple[str, ...]
    subject: str
    not_before: str
    not_after: str
    days: float
    hosts: tuple[str, ...]
    more_hosts: int
    origin: str


class Certificates(Struct, frozen=True):
    """`troubles` are findings on Secrets that are named and cannot be used."""

    kind: str
    snapshot: str
    certificates: tuple[Certificate, ...]
    troubles: tuple[Finding, ...]


def certificates(standing: Standing, namespace: str = "") -> Certificates:
    """Those that expire first come first. `namespace` "" is all."""
    served = Served(standing.tree, standing.root)
    shown: dict[CertificateId, list[str]] = {}
    for host in served.hosts():
        if host.certificate is not None:
            shown.setdefault(host.certificate, []).append(host.host)
    if served.default_certificate is not None:
        shown.setdefault(served.default_certificate, []).append("*")
    found = []
    for segment in served.certificates():
        if namespace and segment.id.namespace != namespace:
            continue
        facts = msgspec.convert(standing.rules.check_certificate(segment.chain_pem, segment.key_pem), Facts)
        hosts = shown.get(segment.id, [])
        origin = standing.store.origin("Secret", segment.id.namespace, segment.id.name, "")
        found.append(
            Certificate(
                f"{segment.id.namespace}/{segment.id.name}",
                facts.names,
                facts.subject,
                _moment(facts.not_before),
                _moment(facts.not_after),
                round((facts.not_after - standing.rules.now()) / DAY, 1),
                tuple(hosts[:HOSTS]),
                max(0, len(hosts) - HOSTS),
                str(origin) if origin else "",
            )
        )
    troubles = {
        finding(verdict)
        for verdict in standing.verdicts()
        if verdict.code in TROUBLE and (not namespace or verdict.object.namespace == namespace)
    }
    ordered = tuple(sorted(troubles, key=lambda one: (one.object, one.field, one.code)))
    return Certificates("certs/v1", standing.root.hex(), tuple(sorted(found, key=lambda one: one.days)), ordered)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
