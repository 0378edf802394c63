"""What is wrong with something shared, said to those who share it."""

from collections.abc import Iterator

from gateway.ir.ids import BackendId, CertificateId
from gateway.translate.backends import BackendUnit
from gateway.translate.ingress.annotations.read import field_of
from gateway.translate.ingress.claims import Claims, Reference
from gateway.translate.secrets import CertificateUnit
from gateway.translate.usage import Want
from gateway.verdicts import reasons
from gateway.verdicts.verdict import ObjectRef, Verdict


def remarks_on(claims: Claims, reference: Reference, unit: BackendUnit) -> Iterator[Verdict]:
    for remark in unit.remarks:
        place = reference.port if remark.field == "port" else remark.field
        field = f"{reference.field}.{place}" if reference.port else reference.field
        yield remark.reason.verdict(claims.subject, field, remark.value, remark.text, remark.fix)


def dispute(claims: Claims, reference: Reference, prefix: str, decided: Want) -> Iterator[Verdict]:
    """To an Ingress that wants a Service port reached in another way than the oldest one does."""
    settings = claims.settings
    backend = reference.backend
    if settings.balance is not decided.balance:
        yield reasons.UPSTREAM_DECIDED.verdict(
            claims.subject,
            field_of(prefix, "load-balance"),
            str(settings.balance),
            f"an older Ingress refers to port {backend.port} of Service {backend.service}, and its load-balance counts",
            "give all Ingresses that refer to it the same load-balance",
        )
    wanted = settings.service_upstream
    if wanted == decided.upstream:
        return
    yield reasons.UPSTREAM_DECIDED.verdict(
        claims.subject,
        field_of(prefix, "service-upstream")
        if wanted
        else f"{reference.field}.name"
        if reference.port
        else reference.field,
        "true" if wanted else backend.service,
        f"an older Ingress refers to port {backend.port} of Service {backend.service}, and by it the port is reached "
        f"{'by the cluster IP' if decided.upstream else 'by its endpoints'}",
        "give all Ingresses that refer to it the same service-upstream",
    )


def default_backend_verdicts(identity: BackendId, unit: BackendUnit) -> tuple[Verdict, ...]:
    subject = ObjectRef("Service", identity.namespace, identity.service)
    return tuple(
        remark.reason.verdict(
            subject,
            "spec.ports" if remark.field == "port" else "",
            remark.value,
            f"it is the default backend of the gateway; {remark.text}",
            remark.fix,
        )
        for remark in unit.remarks
    )


def default_certificate_verdicts(identity: CertificateId, unit: CertificateUnit) -> tuple[Verdict, ...]:
    subject = ObjectRef("Secret", identity.namespace, identity.name)
    reason = reasons.BAD_DEFAULT_CERTIFICATE
    return tuple(
        (reason if unit.certificate is None else flaw.reason).verdict(
            subject, "", identity.name, f"it is the default certificate of the gateway; {flaw.text}", flaw.fix
        )
        for flaw in unit.flaws
    )
