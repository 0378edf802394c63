"""The one resolver of references from one object to another by name.

A reference that leaves its namespace needs a grant from the other side. There is no kind of grant yet: it is refused.
"""

from typing import NamedTuple

from gateway.objects.meta import ObjectKey
from gateway.translate.names import is_object_name


class Refused(NamedTuple):
    """`crosses`: the reference is well formed and leaves the namespace."""

    reason: str
    fix: str
    crosses: bool = False


def resolve(kind: str, text: str, *, namespace: str) -> ObjectKey | Refused:
    """The object that `[namespace/]name`, written in an object of `namespace`, refers to."""
    head, slash, tail = text.partition("/")
    target, name = (head, tail) if slash else (namespace, head)
    if not is_object_name(target) or not is_object_name(name):
        return Refused("it is not the name of an object", f"write the name of a {kind} in namespace {namespace}")
    if target != namespace:
        return Refused(
            f"it refers to namespace {target} from namespace {namespace}",
            f"copy the {kind} to namespace {namespace} and refer to it as {name}",
            crosses=True,
        )
    return ObjectKey(kind, target, name)
