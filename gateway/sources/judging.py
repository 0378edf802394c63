"""What a reflector tells → events for the store. Must not know which kinds are watched, or why."""

from collections.abc import Iterator, Sequence

from gateway.kube.population import Batch
from gateway.objects.meta import ObjectKey
from gateway.objects.problems import Problem
from gateway.store.events import Delete, Event, Judged, Unread, Upsert
from gateway.verdicts.reasons_objects import OF_FLAW
from gateway.verdicts.verdict import ObjectRef


def events_of(batch: Batch) -> Iterator[Event]:
    for key, value in batch.upserts.items():
        yield Upsert(key, value)
    for key in batch.deletes:
        yield Delete(key)
    for key, problems in batch.flaws.items():
        yield judged(key, problems)


def judged(key: ObjectKey, problems: Sequence[Problem] = ()) -> Judged:
    """Why the newest version of an object cannot be used; nothing takes that back."""
    subject = ObjectRef(*key)
    said = (OF_FLAW[one.flaw].verdict(subject, one.field, one.value, one.reason, one.fix) for one in problems)
    return Judged(str(subject), tuple(said))


def malformed(key: ObjectKey, problems: Sequence[Problem]) -> Unread:
    """For those who refer to an object that was never usable."""
    return Unread(key, f"it is malformed ({problems[0].reason})", problems[0].fix) if problems else Unread(key)
