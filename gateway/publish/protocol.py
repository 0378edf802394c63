"""What is said on the socket between control and data plane: typed messages, and their frames.

A frame is a length (u32, little-endian) and a msgpack array `[type, body]`. Unknown fields are skipped, so that a minor
version can add some. Both ends import this module.
"""

from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Raw, Struct, msgpack

from gateway.encode.digest import Digest
from gateway.ir import version

PROTOCOL: Final = 1
IR: Final = (version.MAJOR, version.MINOR)

FRAME_CAP: Final = 256 * 1024 * 1024  # a snapshot of 100,000 routes is 12 MiB; beyond this a length is a mistake
SEGMENTS_CAP: Final = 64 * 1024 * 1024  # bytes of segments put into one frame; the data plane asks for the rest
HEADER: Final = 4


class ProtocolError(Exception):
    """The peer does not speak this protocol. The connection is of no further use."""


class DataPlaneHello(Struct, frozen=True, omit_defaults=True):
    """First word of the data plane. `root` is what it serves already."""

    protocol: int
    ir: tuple[int, int]
    pid: int
    root: Digest | None = None
    addresses: dict[str, str] = {}
    version: str = ""


class ControlHello(Struct, frozen=True):
    """First word of control."""

    protocol: int
    ir: tuple[int, int]
    pid: int


class Publish(Struct, frozen=True):
    """Serve `root`. `segments` is what control believes is missing. Supersedes a publish that is not answered yet."""

    id: int
    root: Digest
    segments: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Publish(id={self.id}, root={self.root.hex()}, {len(self.segments)} segments)"


class Want(Struct, frozen=True):
    """The data plane lacks these."""

    id: int
    digests: tuple[Digest, ...]


class Segments(Struct, frozen=True):
    """The answer to a want, or the first part of it."""

    id: int
    segments: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Segments(id={self.id}, {len(self.segments)} segments)"


class Report(Struct, frozen=True):
    """How control fares: for the data plane to tell, as control has no listener. Not answered; the last one counts, and
    none once the connection has ended.
    """

    stale: str
    """Why what is served may be older than the cluster; empty when it is not."""
    series: str
    """Control's own figures in the Prometheus text format."""


class Accepted(Struct, frozen=True, omit_defaults=True):
    """Every worker serves `root` from now on."""

    id: int
    root: Digest
    built: int = 0
    reused: int = 0
    build_us: int = 0
    swap_us: int = 0


class Refused(Struct, frozen=True):
    """Nothing changed. `segment` is the hex digest of the one at fault (empty if none), `field` a path within it."""

    id: int
    root: Digest
    segment: str
    kind: str
    field: str
    reason: str


FromControl: TypeAlias = ControlHello | Publish | Segments | Report
FromDataPlane: TypeAlias = DataPlaneHello | Want | Accepted | Refused
Message: TypeAlias = FromControl | FromDataPlane

_TYPES: Final[dict[type[Struct], str]] = {
    ControlHello: "hello",
    DataPlaneHello: "hello",
    Publish: "publish",
    Want: "want",
    Segments: "segments",
    Report: "report",
    Accepted: "accepted",
    Refused: "refused",
}
_FROM_CONTROL: Final[dict[str, Any]] = {
    _TYPES[shape]: msgpack.Decoder(shape) for shape in (ControlHello, Publish, Segments, Report)
}
_FROM_DATA_PLANE: Final[dict[str, Any]] = {
    _TYPES[shape]: msgpack.Decoder(shape) for shape in (DataPlaneHello, Want, Accepted, Refused)
}
_encoder: Final = msgpack.Encoder()
_envelope: Final = msgpack.Decoder(tuple[str, Raw])


def encode(message: Message) -> bytes:
    """The whole frame, length included."""
    payload = _encoder.encode((_TYPES[type(message)], message))
    if len(payload) > FRAME_CAP:
        raise ProtocolError(f"a {_TYPES[type(message)]} of {len(payload)} bytes is over the cap of {FRAME_CAP}")
    return len(payload).to_bytes(HEADER, "little") + payload


def decode_from_control(payload: bytes) -> FromControl:
    message: FromControl = _decode(payload, _FROM_CONTROL)
    return message


def decode_from_data_plane(payload: bytes) -> FromDataPlane:
    message: FromDataPlane = _decode(payload, _FROM_DATA_PLANE)
    return message


def payload_length(header: bytes) -> int:
    length = int.from_bytes(header, "little")
    if length > FRAME_CAP:
        raise ProtocolError(f"a frame of {length} bytes is over the cap of {FRAME_CAP}")
    return length


def mismatch(protocol: int, ir: tuple[int, int]) -> str | None:
    """Why the peer cannot be talked to, or None. Minor versions may differ: they only add fields that have defaults."""
    if protocol != PROTOCOL:
        return f"the peer speaks protocol {protocol}, this side {PROTOCOL}; run the same release on both"
    if ir[0] != IR[0]:
        return f"the peer reads configuration version {ir[0]}, this side {IR[0]}; run the same release on both"
    return None


def _decode(payload: bytes, decoders: dict[str, Any]) -> Any:
    try:
        name, body = _envelope.decode(payload)
        decoder = decoders.get(name)
        if decoder is None:
            raise ProtocolError(f"unknown message type {name[:64]!r}")
        return decoder.decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise ProtocolError(f"malformed message: {error}") from error
