"""JSON of the API server → typed objects, one by one, so that one that is malformed does not cost the others.

The server has validated what it sends, so it is decoded straight into our types, which skip what nobody reads. What
does not fit (a list that is null, mostly) takes the slow way through `objects.parse`, which says what is wrong.
"""

import binascii
from collections.abc import Mapping, MutableMapping
from functools import cache
from typing import Any, Final, cast

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from gateway.ir.secret import Secret as SecretBytes
from gateway.kube.answers import Status
from gateway.kube.errors import Garbled
from gateway.kube.resources import Resource
from gateway.objects.kinds import KINDS, Object
from gateway.objects.meta import ObjectKey
from gateway.objects.parse import parse
from gateway.objects.problems import HARMLESS, Flaw, Problem

# Nobody reads them; the first doubles the memory of an object, and the second changes though nothing else does.
UNREAD_ANNOTATIONS: Final = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "endpoints.kubernetes.io/last-change-trigger-time",
)
INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"
_TYPES: Final = {kind.name: kind for kind in KINDS}


class Identity(Struct, frozen=True, gc=False, rename="camel"):
    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""


class Flawed(Struct, frozen=True):
    """An object that cannot be used. `key` is None where not even its name could be read."""

    key: ObjectKey | None
    uid: str
    version: str
    problems: tuple[Problem, ...]


class Page(Struct, frozen=True):
    version: str
    more: str
    """The token for the next page, or empty."""
    items: list[Raw]


class Event(Struct, frozen=True):
    type: str
    object: Raw = Raw(b"null")


class Bookmark(Struct, frozen=True):
    version: str
    ends_initial_events: bool


class _Named(Struct, frozen=True, gc=False):
    metadata: Identity


class _ListMeta(Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    more: str = msgspec.field(default="", name="continue")


class _List(Struct, frozen=True, rename="camel"):
    kind: str = ""
    api_version: str = ""
    metadata: _ListMeta = _ListMeta()
    items: list[Raw] | UnsetType | None = UNSET


class _BookmarkMeta(Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    annotations: Mapping[str, str] | None = None


class _BookmarkObject(Struct, frozen=True):
    metadata: _BookmarkMeta


_LISTS: Final = msgspec.json.Decoder(_List)
_EVENTS: Final = msgspec.json.Decoder(Event)
_NAMES: Final = msgspec.json.Decoder(_Named)
_BOOKMARKS: Final = msgspec.json.Decoder(_BookmarkObject)
_STATUSES: Final = msgspec.json.Decoder(Status)
_ERRORS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@cache
def decoder_of(resource: Resource) -> "ObjectDecoder":
    """They hold no state, and there may be as many reflectors as Secrets are referred to."""
    return ObjectDecoder(resource)


class ObjectDecoder:
    """For one kind."""

    def __init__(self, resource: Resource) -> None:
        kind = _TYPES[resource.kind]
        self._resource = resource
        self._typed: msgspec.json.Decoder[Object] = msgspec.json.Decoder(kind.type, dec_hook=_convert)

    def read(self, raw: Raw) -> Object | Flawed:
        try:
            found = self._typed.decode(raw)
        except _ERRORS:
            return self._slowly(raw)
        meta = found.metadata
        if not meta.name or bool(meta.namespace) is not self._resource.namespaced:
            return self._slowly(raw)
        if meta.annotations:
            annotations = cast("MutableMapping[str, str]", meta.annotations)  # nobody else has it yet
            for name in UNREAD_ANNOTATIONS:
                annotations.pop(name, None)
        return found

    def key_of(self, identity: Identity) -> ObjectKey:
        return ObjectKey(self._resource.kind, identity.namespace, identity.name)

    def _slowly(self, raw: Raw) -> Object | Flawed:
        try:
            value: Any = msgspec.json.decode(raw)
        except _ERRORS:
            problem = Problem(Flaw.NOT_AN_OBJECT, "", "", "it is not JSON", "report this: the API server sent it")
            return Flawed(None, "", "", (problem,))
        if isinstance(value, dict):  # inside of a list, API servers leave both out
            value = {"apiVersion": self._resource.api_version, "kind": self._resource.kind, **value}
            meta = value.get("metadata")
            if isinstance(meta, dict) and isinstance(meta.get("annotations"), dict):
                for name in UNREAD_ANNOTATIONS:
                    meta["annotations"].pop(name, None)
        reading = parse(value)
        if reading.object is not None and reading.key is not None and reading.key.kind == self._resource.kind:
            return reading.object
        problems = tuple(problem for problem in reading.problems if problem.flaw not in HARMLESS)
        if not problems:
            reason = f"expected {self._resource.kind} of {self._resource.api_version}"
            problems = (Problem(Flaw.NOT_AN_OBJECT, "", "", reason, "report this: the API server sent it"),)
        identity = self.identity(raw)
        if identity is None:
            return Flawed(None, "", "", problems)
        return Flawed(self.key_of(identity), identity.uid, identity.resource_version, problems)

    def identity(self, raw: Raw) -> Identity | None:
        """Of an object that may otherwise be malformed."""
        try:
            found = _NAMES.decode(raw).metadata
        except _ERRORS:
            return None
        return found if found.name else None


def read_page(body: bytes, resource: Resource) -> Page:
    """Raises Garbled for what is no list of the resource: only a true list may say that something is gone."""
    try:
        found = _LISTS.decode(body)
    except _ERRORS as error:
        raise Garbled(f"the list of {resource.plural} is not JSON of a list ({error})") from None
    if found.kind != f"{resource.kind}List" or found.api_version != resource.api_version:
        raise Garbled(f"instead of {resource.kind}List came {found.api_version!r} {found.kind!r}")
    if not found.metadata.resource_version or found.items is UNSET:
        missing = "items" if found.metadata.resource_version else "metadata.resourceVersion"
        raise Garbled(f"the list of {resource.plural} has no {missing}")
    return Page(found.metadata.resource_version, found.metadata.more, found.items or [])


def read_event(line: bytes) -> Event:
    try:
        return _EVENTS.decode(line)
    except _ERRORS as error:
        raise Garbled(f"a line of the watch is no event ({error})") from None


def read_bookmark(raw: Raw) -> Bookmark:
    try:
        found = _BOOKMARKS.decode(raw).metadata
    except _ERRORS as error:
        raise Garbled(f"a bookmark that cannot be read ({error})") from None
    ends = (found.annotations or {}).get(INITIAL_EVENTS_END) == "true"
    return Bookmark(found.resource_version, ends)


def read_status(raw: Raw) -> Status:
    try:
        return _STATUSES.decode(raw)
    except _ERRORS:
        return Status(message="the watch reported a failure that cannot be read")


def _convert(wanted: type, value: object) -> object:
    """The only type that JSON does not have is the bytes of a Secret. Errors carry no part of the value."""
    if wanted is not SecretBytes or not isinstance(value, str):
        raise TypeError("unexpected type")
    try:
        return SecretBytes(binascii.a2b_base64(value, strict_mode=True))
    except ValueError:
        raise ValueError("not base64") from None
