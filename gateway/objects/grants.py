"""gateway.networking.k8s.io: ReferenceGrant, by which one namespace lets objects of another name its own."""

from msgspec import Struct, field

from gateway.objects.meta import Metadata


class GrantFrom(Struct, frozen=True, gc=False):
    """Whose objects may refer."""

    group: str
    kind: str
    namespace: str


class GrantTo(Struct, frozen=True, gc=False):
    """To what, in the namespace of the grant. Without a name: to all of the kind."""

    group: str
    kind: str
    name: str = ""


class ReferenceGrantSpec(Struct, frozen=True, gc=False):
    from_: tuple[GrantFrom, ...] = field(default=(), name="from")
    to: tuple[GrantTo, ...] = ()


class ReferenceGrant(Struct, frozen=True, gc=False):
    metadata: Metadata
    spec: ReferenceGrantSpec = ReferenceGrantSpec()
