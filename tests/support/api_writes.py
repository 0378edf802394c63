"""Writes to a fake API server: create, update, patch, delete, with the conflicts that Kubernetes would see."""

import copy
from typing import Any, Protocol

import orjson

from gateway.kube.resources import Resource
from tests.support.api_store import ApiStore, Name, Raw

OWNED = ("uid", "creationTimestamp", "resourceVersion")


class RefusalError(Exception):
    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class Wish(Protocol):
    """The part of a request that writes read."""

    @property
    def verb(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def subresource(self) -> str: ...
    @property
    def body(self) -> bytes: ...


def write(store: ApiStore, resource: Resource, wish: Wish, content_type: str) -> Raw:
    """What the server answers; raises RefusalError. Server-side apply is taken as a merge patch that may create."""
    value: Raw = orjson.loads(wish.body) if wish.body else {}
    name = wish.name or value.get("metadata", {}).get("name") or _generated(store, value)
    key = Name(resource.kind, wish.namespace if resource.namespaced else "", name)
    before = store.objects.get(key)
    if wish.verb == "create":
        if before is not None:
            raise RefusalError(409, "AlreadyExists", f"{resource.plural} {name!r} already exists")
        value.setdefault("metadata", {})["name"] = name
        return store.put(key, _whole(resource, key, value), None)
    applied = content_type.startswith("application/apply-patch")
    if before is None and not (applied and not wish.subresource):
        raise RefusalError(404, "NotFound", f"{resource.plural} {name!r} not found")
    _check(value if wish.verb != "delete" else value.get("preconditions", {}), before, resource, name)
    if wish.verb == "delete":
        return store.delete(resource.kind, name, key.namespace)
    if wish.verb == "patch":
        value = merged(copy.deepcopy(before or {}), value)
    if wish.subresource == "status" and before is not None:
        value = {**before, "status": value.get("status", {})}
    value = _whole(resource, key, value)
    if before is not None and _content(value) == _content(before):
        return before  # a write that changes nothing makes no version
    return store.put(key, value, before)


def merged(base: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def _whole(resource: Resource, key: Name, value: Raw) -> Raw:
    meta = {**value.get("metadata", {}), "name": key.name}
    if key.namespace:
        meta["namespace"] = key.namespace
    return {**value, "apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta}


def _content(value: Raw) -> Raw:
    meta = {key: one for key, one in value["metadata"].items() if key not in OWNED}
    return {**value, "metadata": meta}


def _check(value: Raw, before: Raw | None, resource: Resource, name: str) -> None:
    asked = value.get("metadata", value)
    for field in ("resourceVersion", "uid"):
        wanted = asked.get(field)
        if wanted and before is not None and wanted != before["metadata"][field]:
            message = f"Operation cannot be fulfilled on {resource.plural} {name!r}: the object has been modified"
            raise RefusalError(409, "Conflict", message)


def _generated(store: ApiStore, value: Raw) -> str:
    prefix = value.get("metadata", {}).get("generateName")
    if not prefix:
        raise RefusalError(422, "Invalid", "metadata.name: Required value: name or generateName is required")
    return f"{prefix}{store.version + 1:05}"
