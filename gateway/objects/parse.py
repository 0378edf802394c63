"""A raw value, as a file or an API server gives it → a typed object, or everything that is wrong with it.

An object with a mistake in it is not served in part: as an API server would, this refuses it as a whole. Unknown fields
are the exception, because API servers accept them too.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.ir.secret import Secret as SecretBytes
from gateway.objects.kinds import KINDS, Kind, Object
from gateway.objects.meta import ObjectKey
from gateway.objects.names import LABEL_KINDS, name_problem
from gateway.objects.problems import Flaw, Problem, Problems, cut
from gateway.objects.shapes import kind_of, shape_of

DEFAULT_NAMESPACE: Final = "default"
ANNOTATIONS_BYTES: Final = 256 * 1024  # keys and values of one object together; the limit of Kubernetes itself
LISTS_IN_LISTS: Final = 4  # nobody nests them; without a bound a hostile file could

_BY_NAME: Final = {kind.name: kind for kind in KINDS}
# Groups that held our kinds once: there, the name is no coincidence, and the user should hear what to write now.
_OLD_GROUPS: Final = ("extensions/", "networking.k8s.io/", "discovery.k8s.io/")


class Reading(Struct, frozen=True):
    """What became of one raw value. `key` is None where not even that could be read, or the object is none of ours.

    `foreign` names a kind that nothing here reads, such as `apps/v1 Deployment`.
    """

    key: ObjectKey | None = None
    object: Object | None = None
    problems: tuple[Problem, ...] = ()
    foreign: str = ""


def parse(raw: object) -> Reading:
    """`raw` is made of dict (with str keys), list, str, int, float, bool and None. It is not changed."""
    if not isinstance(raw, dict):
        return _nothing(f"expected a Kubernetes object, found {kind_of(raw)}")
    name, version = raw.get("kind"), raw.get("apiVersion")
    if not isinstance(name, str) or not name:
        return _nothing("it has no kind, so it is no Kubernetes object")
    if not isinstance(version, str) or not version:
        return _nothing("it has no apiVersion, so it is no Kubernetes object")
    kind = _BY_NAME.get(name)
    if kind is None or version not in kind.versions:
        if kind and version.startswith(_OLD_GROUPS):
            return _old(raw, kind, version)
        return Reading(foreign=f"{cut(version)} {cut(name)}")
    return _typed(raw, kind)


def expand(raw: object, path: str = "", level: int = 0) -> Iterator[tuple[str, object]]:
    """The objects in a value that may be a `List` of them, each with its path in it: empty, or such as `items[3]`."""
    items = raw.get("items") if isinstance(raw, dict) and isinstance(raw.get("kind"), str) else None
    if not isinstance(raw, dict) or not isinstance(items, list) or level >= LISTS_IN_LISTS:
        yield path, raw
        return
    name, version = raw["kind"], raw.get("apiVersion")
    kind = _BY_NAME.get(name.removesuffix("List"))
    if name == "List":
        implied = {}
    elif kind and name == f"{kind.name}List" and version in kind.versions:
        implied = {"kind": kind.name, "apiVersion": version}  # API servers leave both out inside of such a list
    else:
        yield path, raw
        return
    for index, item in enumerate(items):
        whole = {**implied, **item} if implied and isinstance(item, dict) else item
        yield from expand(whole, f"{path}.items[{index}]" if path else f"items[{index}]", level + 1)


def _typed(raw: dict[str, Any], kind: Kind) -> Reading:
    problems = Problems(secretive=kind.name == "Secret")
    read = shape_of(kind.type).read(raw, "", problems)
    key = _key(read.get("metadata"), kind, problems)
    if key is not None:
        _judge_annotations(read["metadata"].get("annotations"), problems)
    if key is None or problems.fatal:
        return Reading(key, None, problems.all())
    extra = read.pop("stringData", None)
    if extra:
        read["data"] = {**read.get("data", {}), **{name: SecretBytes(text.encode()) for name, text in extra.items()}}
    read["metadata"]["namespace"] = key.namespace
    try:
        return Reading(key, msgspec.convert(read, kind.type, dec_hook=_keep), problems.all())
    except msgspec.ValidationError as error:  # the shapes say all that can be wrong; this is for what they forget
        text = "its fields do not have the right types" if kind.name == "Secret" else str(error)
        problems.add(Flaw.WRONG_TYPE, "", "", text, "correct the field")
        return Reading(key, None, problems.all())


def _key(metadata: object, kind: Kind, problems: Problems) -> ObjectKey | None:
    if not isinstance(metadata, dict):
        return None  # missing or of the wrong type, and said so
    name, namespace = metadata.get("name"), metadata.get("namespace") or ""
    if not isinstance(name, str) or not isinstance(namespace, str):
        return None
    if not name:
        problems.add(Flaw.BAD_NAME, "metadata.name", "", "the name is empty", "give the object a name")
        return None
    label = kind.name in LABEL_KINDS
    for field, text, held in (("metadata.name", name, label), ("metadata.namespace", namespace, True)):
        reason = name_problem(text, label=held) if text else None
        if reason:
            problems.add(Flaw.BAD_NAME, field, text, reason, "correct the name")
            return None
    if kind.namespaced:
        return ObjectKey(kind.name, namespace or DEFAULT_NAMESPACE, name)
    if namespace:
        reason = f"an object of kind {kind.name} belongs to no namespace; it is ignored"
        problems.add(Flaw.NO_NAMESPACE, "metadata.namespace", namespace, reason, "remove it")
    return ObjectKey(kind.name, "", name)


def _judge_annotations(annotations: object, problems: Problems) -> None:
    if not isinstance(annotations, dict):
        return
    size = sum(len(name.encode()) + len(text.encode()) for name, text in annotations.items())
    if size > ANNOTATIONS_BYTES:
        largest = max(annotations, key=lambda name: len(annotations[name]))
        reason = f"{size} bytes of annotations are more than the {ANNOTATIONS_BYTES} that Kubernetes allows"
        fix = f"shorten them; the largest is {cut(largest)}"
        problems.add(Flaw.ANNOTATIONS_TOO_LARGE, "metadata.annotations", "", reason, fix)


def _old(raw: dict[str, Any], kind: Kind, version: str) -> Reading:
    problems = Problems(secretive=False)
    reason = f"{kind.name} is read in version {kind.api_version} only"
    fix = f"convert it to apiVersion: {kind.api_version}"
    problems.add(Flaw.OLD_VERSION, "apiVersion", version, reason, fix)
    return Reading(_key(raw.get("metadata"), kind, problems), None, problems.all())


def _nothing(reason: str) -> Reading:
    fix = "write apiVersion, kind and metadata, or move it to a file that is not read here"
    return Reading(problems=(Problem(Flaw.NOT_AN_OBJECT, "", "", reason, fix),))


def _keep(wanted: type, value: object) -> object:
    if not isinstance(value, wanted):
        raise TypeError(f"expected {wanted.__name__}")
    return value
