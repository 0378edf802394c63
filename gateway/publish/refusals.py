"""From a refused segment to the object that its author wrote, so that the refusal can be a verdict on that object."""

import re
from typing import Final

from msgspec import Struct

from gateway.encode import segments
from gateway.encode.tree import Tree
from gateway.encode.units import HostUnit, Unit
from gateway.ir.ids import BackendId, RouteId
from gateway.publish import protocol
from gateway.verdicts.verdict import ObjectRef

_ROUTE: Final = re.compile(r"^routes\[(\d+)\]")


class Refusal(Struct, frozen=True):
    """`field` is a path within the user's object, `detail` the data plane's own words: segment, kind, field, reason."""

    object: ObjectRef
    field: str
    what: str
    detail: str
    whole: bool = False  # everything was refused, and no object is to blame


def explain(tree: Tree, unit: Unit, answer: protocol.Refused) -> Refusal:
    """The unit must still be in quarantine."""
    detail = f"{answer.kind} segment {answer.segment}"
    detail += f", field {answer.field}: {answer.reason}" if answer.field else f": {answer.reason}"
    if isinstance(unit, HostUnit):
        identity = _blamed_route(tree, unit, answer)
        what = f"host {unit.host or '*'}"
        if identity is None:
            return Refusal(ObjectRef(), "", what, detail)
        reference = ObjectRef(identity.kind, identity.namespace, identity.name)
        return Refusal(reference, f"spec.rules[{identity.rule}].http.paths[{identity.path}]", what, detail)
    if isinstance(unit, BackendId):
        what = f"backend {unit.namespace}/{unit.service}:{unit.port}"
        return Refusal(ObjectRef("Service", unit.namespace, unit.service), "", what, detail)
    return Refusal(
        ObjectRef("Secret", unit.namespace, unit.name), "data", f"certificate {unit.namespace}/{unit.name}", detail
    )


def unattributed(answer: protocol.Refused) -> Refusal:
    """The whole snapshot was refused, and no unit in it is to blame."""
    return Refusal(
        ObjectRef(), answer.field, f"the {answer.kind or 'whole'} segment {answer.segment}", answer.reason, whole=True
    )


def _blamed_route(tree: Tree, unit: HostUnit, answer: protocol.Refused) -> RouteId | None:
    wanted = tree.held.get(unit)
    host = segments.decode(tree.pool[wanted]) if wanted is not None else None
    if not isinstance(host, segments.HostSegment) or not host.routes:
        return None
    found = _ROUTE.match(answer.field)
    if answer.kind == "host" and found is not None and int(found[1]) < len(host.routes):
        return host.routes[int(found[1])].id
    if answer.kind == "policy":
        digest = bytes.fromhex(answer.segment)
        return next((route.id for route in host.routes if route.policy == digest), host.routes[0].id)
    return host.routes[0].id
