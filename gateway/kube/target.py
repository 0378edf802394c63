"""What one reflector watches: all objects of a kind, those of one namespace, those with a label, or a single one."""

from collections.abc import Mapping

from msgspec import Struct

from gateway.kube.resources import Resource, path_of, resource_of


class Target(Struct, frozen=True):
    """`labels` and `fields` are selectors as kubectl writes them. With a `name`, rights on that one name suffice."""

    kind: str
    namespace: str = ""
    """Empty for all namespaces."""
    name: str = ""
    labels: str = ""
    fields: str = ""

    @property
    def resource(self) -> Resource:
        return resource_of(self.kind)

    @property
    def path(self) -> str:
        return path_of(self.kind, self.namespace or None)

    @property
    def selection(self) -> Mapping[str, str]:
        """The part of the query that says which objects."""
        fields = ",".join(part for part in (f"metadata.name={self.name}" if self.name else "", self.fields) if part)
        named = {"labelSelector": self.labels, "fieldSelector": fields}
        return {key: value for key, value in named.items() if value}

    def __str__(self) -> str:
        """Such as `secrets shop/tls`, `services in namespace shop` or `ingresses`."""
        if self.name:
            return f"{self.resource.plural} {f'{self.namespace}/' if self.namespace else ''}{self.name}"
        where = f" in namespace {self.namespace}" if self.namespace else ""
        which = f" with {self.labels or self.fields}" if self.labels or self.fields else ""
        return f"{self.resource.plural}{where}{which}"


class Denial(Struct, frozen=True):
    """A right that is missing (403)."""

    verb: str
    target: Target

    @property
    def rule(self) -> str:
        """What a Role or ClusterRole needs, in one line."""
        names = f'resourceNames: ["{self.target.name}"], ' if self.target.name else ""
        resource = self.target.resource
        return f'apiGroups: ["{resource.group}"], resources: ["{resource.plural}"], {names}verbs: ["list", "watch"]'

    def __str__(self) -> str:
        where = f"the Role in namespace {self.target.namespace}" if self.target.namespace else "the ClusterRole"
        return f"not allowed to {self.verb} {self.target}; add to {where}: {self.rule}"
