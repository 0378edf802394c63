"""What the data plane accepts, kept here so that one object beyond it costs a verdict instead of a refused snapshot.

Each equals or stays below its namesake in `_core/image/src/limits.rs`; a test compares them.
"""

from typing import Final

ROUTES_PER_HOST: Final = 100_000
PATTERN_BYTES: Final = 4 << 10
PATH_BYTES: Final = 8 << 10
ENDPOINTS_PER_BACKEND: Final = 10_000
HOST_BYTES: Final = 253
HOST_PATTERN_BYTES: Final = 256
LABEL_BYTES: Final = 63
PEM_BYTES: Final = 256 << 10
CRL_BYTES: Final = 1 << 20
CHAIN_DEPTH: Final = 100
CIPHERS_BYTES: Final = 4 << 10
SESSION_SECONDS: Final = 7 * 24 * 60 * 60
HEADER_VALUE_BYTES: Final = 4 << 10
NETWORKS: Final = 10_000
ORIGINS: Final = 1_000
LISTED: Final = 1_000
LISTED_PATTERNS: Final = 100
HEADERS: Final = 100
USERS_BYTES: Final = 1 << 20
CANARIES: Final = 32
COUNT: Final = 1_000_000
COPIED_HEADERS: Final = 100
KEPT: Final = 32
BROTLI_LEVEL: Final = 6
CONTENT_TYPES: Final = 200

# Ours alone.
ALIAS_PATTERNS: Final = 16  # of one Ingress: each is tried for every request whose host nobody has by name
ANNOTATION_BYTES: Final = 64 << 10  # of a value that is parsed; the longest sane ones are lists of addresses
UNKNOWN_ANNOTATIONS: Final = 20  # named one by one per object: looking for the nearest name has its price
