"""The one resolver of references from one object to another by name.

A reference that leaves its namespace needs a grant from the other side: a ReferenceGrant there that permits it, unless
whoever runs the gateway has said that none is needed. Whether the object exists is not looked at before, so that nobody
learns it who may not refer to it.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from gateway.objects.grants import ReferenceGrant
from gateway.objects.meta import ObjectKey
from gateway.store.view import View
from gateway.translate.names import is_object_name

GRANT: Final = "ReferenceGrant"
_GROUP: Final = "networking.k8s.io"
_INGRESS: Final = "Ingress"
_CORE: Final = ""  # the group of Secrets and ConfigMaps


class Refused(NamedTuple):
    """`crosses`: the reference is well formed and leads to this namespace, which is not its own."""

    reason: str
    fix: str
    crosses: str = ""


def grants_in(namespace: str) -> ObjectKey:
    """All grants of a namespace, for those who depend on any of them."""
    return ObjectKey(GRANT, namespace, "")


def resolve(kind: str, text: str, *, namespace: str, view: View, everywhere: bool = False) -> ObjectKey | Refused:
    """The object that `[namespace/]name`, written in an Ingress of `namespace`, refers to. `everywhere`: it needs no
    grant.
    """
    head, slash, tail = text.partition("/")
    target, name = (head, tail) if slash else (namespace, head)
    if not is_object_name(target) or not is_object_name(name):
        return Refused("it is not the name of an object", f"write the name of a {kind} in namespace {namespace}")
    if target == namespace or everywhere or _is_granted(view, ObjectKey(kind, target, name), namespace):
        return ObjectKey(kind, target, name)
    unread = view.unread(grants_in("")) or view.unread(grants_in(target))
    none = f"no {GRANT} can be read: {unread.reason}" if unread else f"no {GRANT} there permits it"
    return Refused(
        f"it refers to namespace {target} from namespace {namespace}, and {none}",
        f"copy the {kind} to namespace {namespace} and refer to it as {name}, or permit it by a {GRANT} in namespace "
        f"{target}",
        crosses=target,
    )


def asked(found: ObjectKey | Refused, namespace: str) -> Iterator[ObjectKey]:
    """What has decided about a reference from `namespace`: the grants of the other, if it leads there."""
    target = found.crosses if isinstance(found, Refused) else found.namespace
    if target and target != namespace:
        yield grants_in(target)


def _is_granted(view: View, key: ObjectKey, namespace: str) -> bool:
    return any(_permits(grant, key, namespace) for grant in view.reference_grants(key.namespace))


def _permits(grant: ReferenceGrant, key: ObjectKey, namespace: str) -> bool:
    spec = grant.spec
    return any((one.group, one.kind, one.namespace) == (_GROUP, _INGRESS, namespace) for one in spec.from_) and any(
        (one.group, one.kind) == (_CORE, key.kind) and one.name in ("", key.name) for one in spec.to
    )
