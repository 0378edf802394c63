"""What stands in a Lease, and what is to stand there next. Pure; must not know what a leader does.

Times in it are for people only. Who may take it over is decided by how long its reader has seen no change.
"""

from collections.abc import Mapping
from datetime import datetime
from math import ceil
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.kube.errors import Garbled
from gateway.kube.resources import resource_of


class _Spec(Struct, frozen=True, rename="camel"):
    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class _Meta(Struct, frozen=True, rename="camel"):
    resource_version: str


class _Lease(Struct, frozen=True):
    metadata: _Meta
    spec: _Spec | None = None


class Record(Struct, frozen=True):
    """A Lease as it was read. `raw` is all of it, so that what others wrote there stays."""

    spec: _Spec
    raw: Mapping[str, Any]

    @property
    def holder(self) -> str:
        """Empty: it is free."""
        return self.spec.holder_identity or ""

    @property
    def duration(self) -> float:
        """Seconds of silence that its holder asks others to wait for."""
        return float(self.spec.lease_duration_seconds or 0)


_DECODER: Final = msgspec.json.Decoder(_Lease)


def read(body: bytes) -> Record:
    """Raises Garbled."""
    try:
        found = _DECODER.decode(body)
        return Record(found.spec or _Spec(), msgspec.json.decode(body, type=dict[str, Any]))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Garbled(f"what came is no Lease: {error}") from error


def claimed(record: Record, identity: str, ttl: float, now: datetime) -> bytes:
    """The Lease with `identity` as its holder: a renewal if it is already, otherwise one more transition."""
    spec: dict[str, Any] = {
        "holderIdentity": identity,
        "leaseDurationSeconds": ceil(ttl),
        "renewTime": _stamp(now),
    }
    if record.holder != identity:
        spec |= {"acquireTime": _stamp(now), "leaseTransitions": (record.spec.lease_transitions or 0) + 1}
    return _with(record, spec)


def created(namespace: str, name: str, identity: str, ttl: float, now: datetime) -> bytes:
    """The first Lease of this name."""
    spec = {
        "holderIdentity": identity,
        "leaseDurationSeconds": ceil(ttl),
        "acquireTime": _stamp(now),
        "renewTime": _stamp(now),
        "leaseTransitions": 0,
    }
    resource = resource_of("Lease")
    metadata = {"name": name, "namespace": namespace}
    return msgspec.json.encode(
        {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec}
    )


def released(record: Record, now: datetime) -> bytes:
    """The Lease without a holder, free at once. The next holder counts the transition."""
    return _with(record, {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _stamp(now)})


def _with(record: Record, spec: Mapping[str, Any]) -> bytes:
    """Keeps `resourceVersion`, so that the write fails if anybody else has written since it was read."""
    return msgspec.json.encode({**record.raw, "spec": {**(record.raw.get("spec") or {}), **spec}})


def _stamp(now: datetime) -> str:
    """RFC 3339 with microseconds, in UTC, as MicroTime wants it. `now` is in UTC."""
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond:06}Z"
