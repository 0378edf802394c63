"""The document of all routes."""

import sys

from msgspec import Struct

from gateway.encode.routes import rows
from gateway.ir.ids import RouteId
from gateway.survey.standing import Standing
from gateway.verdicts.verdict import ObjectRef, Origin


class Route(Struct, frozen=True):
    """`endpoints` is `address:port`; `notes` says what else happens; `object` is where it was written, `field` is the
    place in it, and `origin` the same as `file:line:column`, where that is known.
    """

    host: str
    path: str
    type: str
    backend: str
    endpoints: tuple[str, ...]
    notes: tuple[str, ...]
    object: ObjectRef
    field: str
    origin: str


class Routes(Struct, frozen=True):
    kind: str
    snapshot: str
    routes: tuple[Route, ...]


def routes(standing: Standing, namespace: str = "") -> Routes:
    """Sorted by host, and within one in the order of its table. `namespace` "" is all."""
    found, _ = rows(standing.tree.pool, standing.root, sys.maxsize)
    told = []
    for row in found:
        if namespace and row.written.namespace != namespace:
            continue
        subject, field = subject_of(row.written), field_of(standing, row.written)
        origin = origin_of(standing, subject, field)
        told.append(
            Route(
                row.host,
                row.path,
                row.type,
                row.backend,
                row.endpoints,
                row.notes,
                subject,
                field,
                str(origin) if origin else "",
            )
        )
    return Routes("routes/v1", standing.root.hex(), tuple(told))


def subject_of(identity: RouteId) -> ObjectRef:
    return ObjectRef(identity.kind, identity.namespace, identity.name)


def field_of(standing: Standing, identity: RouteId) -> str:
    """Where a route stands in its object. What stands for a default backend has a place after the last path."""
    if identity.kind != "Ingress":
        return ""
    ingress = standing.store.ingress(identity.namespace, identity.name)
    rules = ingress.spec.rules if ingress else ()
    http = rules[identity.rule].http if identity.rule < len(rules) else None
    if http is not None and identity.path < len(http.paths):
        return f"spec.rules[{identity.rule}].http.paths[{identity.path}].path"
    if ingress is not None and ingress.spec.default_backend is not None:
        return "spec.defaultBackend"
    return f"spec.rules[{identity.rule}]" if identity.rule < len(rules) else "spec"


def origin_of(standing: Standing, subject: ObjectRef, field: str) -> Origin | None:
    return standing.store.origin(subject.kind, subject.namespace, subject.name, field)
