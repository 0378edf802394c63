"""What a source tells the store. Events come in batches, in order."""

from typing import Final

from msgspec import Struct

from gateway.objects.kinds import Object
from gateway.objects.meta import ObjectKey
from gateway.verdicts.verdict import Origin, Verdict

NAME: Final = "Name"
"""The kind of keys that stand for a DNS name. It is no object: nobody writes it down."""


class Upsert(Struct, frozen=True):
    """An object is new or changed. `origin` is the start of its document, where it came from a file."""

    key: ObjectKey
    object: Object
    origin: Origin | None = None


class Delete(Struct, frozen=True):
    key: ObjectKey


class Unread(Struct, frozen=True):
    """There may be such an object, but the source could not read it, and why. An empty `reason` takes that back.

    It replaces nothing that was read before. An empty name stands for every object of the kind.
    """

    key: ObjectKey
    reason: str = ""
    fix: str = ""


class Resolved(Struct, frozen=True):
    """A name that ExternalName Services lead to has these addresses, sorted; `problem` is why there are none, or why
    they may be old. Nothing is known of a name without both.
    """

    host: str
    addresses: tuple[str, ...] = ()
    problem: str = ""


def host_name(host: str) -> ObjectKey:
    """The key under which a name is referred to."""
    return ObjectKey(NAME, "", host)


class Judged(Struct, frozen=True):
    """What the source has to say about one place (a file, or one object), complete: it replaces what it said before.

    An object that could not be read stays as it last was; the verdict says so.
    """

    place: str
    verdicts: tuple[Verdict, ...]


class Synced(Struct, frozen=True):
    """Everything that the source had at its start has been told. Sent once."""

    source: str


Event = Upsert | Delete | Unread | Resolved | Judged | Synced
