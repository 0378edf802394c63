"""A request that is asked about, and the data plane's answer. The other side is `_core/engine/src/explain.rs`."""

from typing import Final, Literal

from msgspec import Struct, msgpack

FRESH_ID: Final = "0" * 32  # what stands in for the request id that the data plane would make


class Question(Struct, frozen=True, kw_only=True):
    """`head` is the request's head as on the wire; `peer` the client's address; `port` the one that it came to;
    `sni` the name that it asks for in TLS, empty for none.
    """

    listener: str
    tls: bool
    peer: str
    port: int
    sni: str
    head: str
    fresh_id: str = FRESH_ID


class Forwarded(Struct, frozen=True, tag_field="kind", tag="forward"):
    """`head` is what the upstream receives."""

    head: str


class Redirected(Struct, frozen=True, tag_field="kind", tag="redirect"):
    status: int
    location: str


class Responded(Struct, frozen=True, tag_field="kind", tag="respond"):
    status: int


class Failed(Struct, frozen=True, tag_field="kind", tag="fail"):
    """`code` is the failure's name in logs and metrics."""

    status: int
    code: str


Outcome = Forwarded | Redirected | Responded | Failed
OutcomeKind = Literal["forward", "redirect", "respond", "fail"]


class Candidate(Struct, frozen=True):
    """A route that was considered: its host, and its place in the host's list. `rank` 0 is the first that matches the
    path in its host, 1 the one that would be if that was not there; None does not match.
    """

    host: str
    index: int
    rank: int | None


class Decision(Struct, frozen=True):
    """`host` serves the request, `certificate_host` gives the certificate; `selected` is the route's place in the list
    of `host`. `omitted` counts candidates that are not told.
    """

    host: str | None
    path: str
    certificate_host: str | None
    selected: int | None
    candidates: tuple[Candidate, ...]
    omitted: int
    outcome: Outcome


_encoder: Final = msgpack.Encoder()
_decoder: Final = msgpack.Decoder(Decision)


def encode(question: Question) -> bytes:
    return _encoder.encode(question)


def decode(answer: bytes) -> Decision:
    return _decoder.decode(answer)
