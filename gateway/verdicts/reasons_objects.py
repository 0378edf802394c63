"""The table of everything that reading objects and files can say. One row per judgement; codes GW100 to GW149."""

from collections.abc import Mapping
from typing import Final

from gateway.objects.problems import Flaw
from gateway.verdicts.reasons import Reason
from gateway.verdicts.verdict import Severity

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

# === objects ===
NOT_AN_OBJECT = Reason(
    "GW100",
    _ERROR,
    "not a Kubernetes object",
    "A document in a manifest has an apiVersion and a kind. This one is skipped.",
)
OLD_VERSION = Reason(
    "GW101",
    _ERROR,
    "apiVersion is not read",
    "The kind is known, but in its stable version only. The object is not served.",
)
UNKNOWN_KIND = Reason(
    "GW102",
    _INFO,
    "kind is not read",
    "Nothing here is made of objects of this kind, so they are skipped. Said once per kind.",
)
BAD_OBJECT_NAME = Reason(
    "GW103",
    _ERROR,
    "name is not a Kubernetes name",
    "No API server would accept the object, so it is not read.",
)
WRONG_TYPE = Reason(
    "GW104",
    _ERROR,
    "field has the wrong type",
    "No API server would accept the object. What was read of it before stays in use.",
)
MISSING_FIELD = Reason(
    "GW105",
    _ERROR,
    "field is missing",
    "No API server would accept the object. What was read of it before stays in use.",
)
UNKNOWN_FIELD = Reason(
    "GW106",
    _WARNING,
    "field is not known",
    "Kubernetes has no such field, so it has no effect. The rest of the object is read.",
)
NOT_TEXT = Reason(
    "GW107",
    _ERROR,
    "value is not a text",
    "Values of annotations, labels and data are texts. YAML reads true, yes, on and 80 as something else unless they "
    "stand in quotes. No API server would accept the object; what was read of it before stays in use.",
)
ANNOTATIONS_TOO_LARGE = Reason(
    "GW108",
    _ERROR,
    "annotations are too large",
    "Kubernetes bounds the annotations of an object to 256 KiB in all. What was read of it before stays in use.",
)
BAD_BASE64 = Reason(
    "GW109",
    _ERROR,
    "value is not base64",
    "The values in data of a Secret are base64. What was read of the object before stays in use.",
)
NO_NAMESPACE = Reason(
    "GW110",
    _WARNING,
    "kind has no namespaces",
    "The namespace has no effect.",
)
MORE_PROBLEMS = Reason(
    "GW111",
    _WARNING,
    "more problems",
    "Only the first ones of an object are named one by one.",
)

# === files ===
MALFORMED = Reason(
    "GW120",
    _ERROR,
    "cannot be parsed",
    "The objects that the file held before stay in use until it can be read again; its other documents are read.",
)
REPEATED_KEY = Reason(
    "GW121",
    _ERROR,
    "key is written twice",
    "Nothing says which one is meant. What was read of the object before stays in use.",
)
TOO_COMPLEX = Reason(
    "GW122",
    _ERROR,
    "document is too complex",
    "Depth and number of values of a document are bounded, aliases counted as if they were written out.",
)
TOO_LARGE = Reason(
    "GW123",
    _ERROR,
    "file is too large",
    "Manifests are read as a whole, so their size is bounded. Objects that the file held before stay in use.",
)
UNREADABLE = Reason(
    "GW124",
    _ERROR,
    "cannot be read",
    "The objects that the file held before stay in use, and it is tried again.",
)
MISSING_PATH = Reason(
    "GW125",
    _ERROR,
    "path does not exist",
    "There is nothing to read. As soon as the path exists it is picked up.",
)
DEFINED_TWICE = Reason(
    "GW126",
    _ERROR,
    "object is defined twice",
    "The first definition counts, by path and then by place in the file. This one is not served.",
)
TOO_MANY_FILES = Reason(
    "GW127",
    _ERROR,
    "folder holds too much",
    "Number and depth of folders and files are bounded. What lies beyond is not read.",
)
NOT_WATCHED = Reason(
    "GW128",
    _WARNING,
    "changes are seen late",
    "The operating system does not report changes here, so the files are looked at again and again instead.",
)

OF_FLAW: Final[Mapping[Flaw, Reason]] = {
    Flaw.NOT_AN_OBJECT: NOT_AN_OBJECT,
    Flaw.OLD_VERSION: OLD_VERSION,
    Flaw.BAD_NAME: BAD_OBJECT_NAME,
    Flaw.WRONG_TYPE: WRONG_TYPE,
    Flaw.MISSING_FIELD: MISSING_FIELD,
    Flaw.UNKNOWN_FIELD: UNKNOWN_FIELD,
    Flaw.NO_NAMESPACE: NO_NAMESPACE,
    Flaw.NOT_TEXT: NOT_TEXT,
    Flaw.ANNOTATIONS_TOO_LARGE: ANNOTATIONS_TOO_LARGE,
    Flaw.BAD_BASE64: BAD_BASE64,
    Flaw.MORE: MORE_PROBLEMS,
}

REASONS_OBJECTS: Final = tuple(
    sorted((value for value in list(globals().values()) if isinstance(value, Reason)), key=lambda reason: reason.code)
)
