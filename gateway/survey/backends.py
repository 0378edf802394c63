"""The document of all backends: where requests go."""

from msgspec import Struct

from gateway.ir.ids import BackendId
from gateway.ir.route import Forward
from gateway.survey.routes import subject_of
from gateway.survey.served import Served
from gateway.survey.standing import Standing
from gateway.verdicts.verdict import ObjectRef

USERS = 20  # of one backend; a hundred thousand Ingresses may share one


class Backend(Struct, frozen=True):
    """`routes` counts the routes that lead to it; `objects` names the first of those that they were written in."""

    namespace: str
    service: str
    port: str
    balance: str
    endpoints: tuple[str, ...]
    routes: int
    objects: tuple[ObjectRef, ...]


class Backends(Struct, frozen=True):
    kind: str
    snapshot: str
    backends: tuple[Backend, ...]


def backends(standing: Standing, namespace: str = "") -> Backends:
    """Sorted by name. `namespace` "" is all."""
    served = Served(standing.tree, standing.root)
    routes: dict[BackendId, int] = {}
    users: dict[BackendId, dict[ObjectRef, None]] = {}
    for host in served.hosts():
        for route in host.routes:
            if isinstance(route.action, Forward):
                identity = route.action.backend
                routes[identity] = routes.get(identity, 0) + 1
                users.setdefault(identity, {})[subject_of(route.id)] = None
    found = []
    for segment in served.backends():
        identity = segment.id
        if namespace and identity.namespace != namespace:
            continue
        endpoints = tuple(address(one.address, one.port) for one in segment.endpoints)
        by = tuple(sorted(users.get(identity, ()))[:USERS])
        balance = str(segment.balance)
        found.append(Backend(*_names(identity), balance, endpoints, routes.get(identity, 0), by))
    return Backends("backends/v1", standing.root.hex(), tuple(found))


def address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _names(identity: BackendId) -> tuple[str, str, str]:
    return identity.namespace, identity.service, identity.port
