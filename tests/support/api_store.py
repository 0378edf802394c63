"""What a fake API server holds: the objects, their versions, and what happened to them. Knows no HTTP."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gateway.kube.resources import RESOURCES, Resource

Raw = dict[str, Any]
BY_PLURAL = {(resource.group, resource.plural): resource for resource in RESOURCES}


class Name(NamedTuple):
    kind: str
    namespace: str
    name: str


class Happened(NamedTuple):
    version: int
    type: str
    name: Name
    object: Raw
    before: Raw | None = None
    """What the object was: a watch with a selector is told when it begins and when it ceases to match."""


class ApiStore:
    """`version` is that of the newest change to anything, as in etcd."""

    def __init__(self) -> None:
        self.version = 100
        self.forgotten = 100
        """Changes up to this version are not known any more: a watch from before it has expired."""
        self.objects: dict[Name, Raw] = {}
        self.history: list[Happened] = []
        self._made = 0

    def apply(self, kind: str, name: str, namespace: str = "default", **content: Any) -> Raw:
        """Create the object, or replace what it holds."""
        resource = next(one for one in RESOURCES if one.kind == kind)
        key = Name(kind, namespace if resource.namespaced else "", name)
        before = self.objects.get(key)
        meta = {**content.pop("metadata", {}), "name": name}
        if key.namespace:
            meta["namespace"] = key.namespace
        value = {"apiVersion": resource.api_version, "kind": kind, "metadata": meta, **content}
        return self.put(key, value, before)

    def put(self, key: Name, value: Raw, before: Raw | None) -> Raw:
        """`value` becomes the object; what the server owns of its metadata is filled in."""
        self.version += 1
        value = copy.deepcopy(value)
        meta = value["metadata"]
        if before is None:
            self._made += 1
            meta["uid"] = f"00000000-0000-0000-0000-{self._made:012}"
            meta["creationTimestamp"] = f"2026-01-01T00:{self._made // 60 % 60:02}:{self._made % 60:02}Z"
        else:
            for field in ("uid", "creationTimestamp"):
                meta[field] = before["metadata"][field]
        meta["resourceVersion"] = str(self.version)
        self.objects[key] = value
        self.history.append(Happened(self.version, "ADDED" if before is None else "MODIFIED", key, value, before))
        return value

    def delete(self, kind: str, name: str, namespace: str = "default") -> Raw:
        resource = next(one for one in RESOURCES if one.kind == kind)
        key = Name(kind, namespace if resource.namespaced else "", name)
        self.version += 1
        gone = copy.deepcopy(self.objects.pop(key))
        gone["metadata"]["resourceVersion"] = str(self.version)
        self.history.append(Happened(self.version, "DELETED", key, gone))
        return gone

    def compact(self) -> None:
        """Forget all that happened so far."""
        self.forgotten = self.version
        self.history.clear()

    def put_back(self, before: "Backup") -> None:
        """As if the database were restored: objects and versions of the past."""
        self.objects = copy.deepcopy(dict(before.objects))
        self.version = self.forgotten = before.version
        self.history.clear()

    def backup(self) -> "Backup":
        return Backup(self.version, copy.deepcopy(self.objects))

    def of(self, kind: str, namespace: str = "") -> Iterator[Raw]:
        """In the order of an API server: by namespace and name."""
        for key in sorted(self.objects):
            if key.kind == kind and namespace in ("", key.namespace):
                yield self.objects[key]


class Backup(NamedTuple):
    version: int
    objects: Mapping[Name, Raw]


def matches(value: Raw, query: Mapping[str, str]) -> bool:
    """The selectors that we use: `key=value` and `key`, fields of metadata and the type of a Secret."""
    meta = value["metadata"]
    labels = meta.get("labels", {})
    for part in filter(None, query.get("labelSelector", "").split(",")):
        key, equals, wanted = part.partition("=")
        if key not in labels or (equals and labels[key] != wanted):
            return False
    for part in filter(None, query.get("fieldSelector", "").split(",")):
        key, _, wanted = part.partition("=")
        found = value.get("type") if key == "type" else meta.get(key.removeprefix("metadata."), "")
        if found != wanted:
            return False
    return True


def resource_of_path(group: str, plural: str) -> Resource | None:
    return BY_PLURAL.get((group, plural))
