"""Names of segments, and which shard a key belongs to. The data plane computes both the same way."""

import zlib
from hashlib import blake2b
from typing import Final, TypeAlias

Digest: TypeAlias = bytes

DIGEST_BYTES: Final = 16  # 128 bits: a collision by accident is out of reach, and nobody but control writes segments
SHARDS: Final = 256  # keeps a shard under 1/256 of its table, so that one changed unit hashes little besides itself


def digest_of(segment: bytes) -> Digest:
    return blake2b(segment, digest_size=DIGEST_BYTES).digest()


def shard_of(key: bytes) -> int:
    """CRC-32: the same few lines in both languages. A lopsided shard costs time on a change, never on a request."""
    return zlib.crc32(key) & (SHARDS - 1)


def host_key(host: str) -> str:
    """`*.x` is filed as `.x`, so that a lookup of the labels after the first finds it without building a string."""
    return host[1:] if host.startswith("*.") else host


def host_of(key: str) -> str:
    return f"*{key}" if key.startswith(".") else key
