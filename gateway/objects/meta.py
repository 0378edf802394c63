"""Names of objects and the metadata that they share."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import Struct, field

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class ObjectKey(NamedTuple):
    """Identity of an object. Cluster-scoped kinds have an empty namespace."""

    kind: str
    namespace: str
    name: str


class Metadata(Struct, frozen=True, gc=False, rename="camel"):
    """metadata: of any object. The namespace of a namespaced object is never empty (sources fill in `default`)."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime = NEVER
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
