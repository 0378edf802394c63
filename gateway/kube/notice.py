"""One thing that an object's owner must know, and the Event that says it. Pure.

Events are of core/v1, not events.k8s.io/v1: both are one storage, every tool shows the count and the times of the
older form, and the rights that ingress-nginx's service account has (create and patch on core events) are enough.
"""

import hashlib
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.kube.resources import resource_of

COMPONENT: Final = "sallygate"
MESSAGE_BYTES: Final = 1_024  # what an API server takes
REASON_LENGTH: Final = 128
NAME_LENGTH: Final = 253 - 17
DEFAULT_NAMESPACE: Final = "default"  # for Events on objects that have no namespace


class Notice(Struct, frozen=True, order=True):
    """`type` is `Warning` or `Normal`. `reason` is one word for machines, `message` a sentence for people."""

    kind: str
    namespace: str
    name: str
    uid: str
    type: str
    reason: str
    message: str

    @property
    def event_namespace(self) -> str:
        return self.namespace or DEFAULT_NAMESPACE

    @property
    def event_name(self) -> str:
        """The same for the same notice: what a leader before us has said is found, not said again."""
        text = f"{self.uid}\0{self.type}\0{self.reason}\0{self.message}"
        digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
        return f"{self.name[:NAME_LENGTH].rstrip('.-')}.{digest}"


def new_event(notice: Notice, instance: str, *, first: datetime, last: datetime, count: int) -> bytes:
    """The Event as it is created. `instance` is our pod. Times are in UTC."""
    about: dict[str, Any] = {
        "apiVersion": resource_of(notice.kind).api_version,
        "kind": notice.kind,
        "name": notice.name,
        "uid": notice.uid,
    }
    if notice.namespace:
        about["namespace"] = notice.namespace
    return msgspec.json.encode(
        {
            "apiVersion": resource_of("Event").api_version,
            "kind": "Event",
            "metadata": {"name": notice.event_name, "namespace": notice.event_namespace},
            "involvedObject": about,
            "type": notice.type,
            "reason": notice.reason[:REASON_LENGTH],
            "message": _cut(notice.message),
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "reportingInstance": instance,
            "firstTimestamp": _stamp(first),
            "lastTimestamp": _stamp(last),
            "count": count,
        }
    )


def repeated_event(*, last: datetime, count: int) -> bytes:
    """A merge patch for an Event that is said again."""
    return msgspec.json.encode({"count": count, "lastTimestamp": _stamp(last)})


def _cut(text: str) -> str:
    raw = text.encode()
    if len(raw) <= MESSAGE_BYTES:
        return text
    return raw[: MESSAGE_BYTES - 3].decode(errors="ignore") + "…"


def _stamp(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M:%S}Z"
