"""Rights to write that are missing (403): each is named once, with the rule that would give it."""

from collections.abc import Callable

from gateway.kube.errors import ApiError
from gateway.kube.resources import resource_of


class Denials:
    """`say` hears a line for the operator."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: set[tuple[str, str, str]] = set()

    def hear(self, error: Exception, verb: str, kind: str, namespace: str = "", *, subresource: str = "") -> bool:
        """Was that a missing right? Then it is said, unless it has been."""
        if not isinstance(error, ApiError) or error.status != 403:
            return False
        resource = resource_of(kind)
        plural = f"{resource.plural}/{subresource}" if subresource else resource.plural
        if (verb, plural, namespace) not in self._said:
            self._said.add((verb, plural, namespace))
            where = f" in namespace {namespace}" if namespace else ""
            role = f"the Role{where}" if namespace else "the ClusterRole"
            self._say(
                f"not allowed to {verb} {plural}{where}; add to {role}: "
                f'apiGroups: ["{resource.group}"], resources: ["{plural}"], verbs: ["{verb}"] ({error.message})'
            )
        return True
