"""The typed face of the compiled data plane (Rust, `_core/python`). Checked against the module by stubtest.

Every call that can block releases the GIL. No thread of the engine ever attaches to the interpreter.
"""
# ruff: noqa: PYI021 -- a compiled module has no source to read: here its calls are described

from typing import Self, final

__all__ = [
    "Engine",
    "Offer",
    "Refused",
    "check_authority",
    "check_certificate",
    "check_ciphers",
    "check_groups",
    "check_regex",
    "explain",
    "mint_certificate",
    "trailer_names",
    "version",
]

def version() -> dict[str, str]:
    """What this build is made of. Keys: `version` (the project's), `openssl` (the TLS library's own words, for example
    `OpenSSL 4.0.3 …`), `tls_library` (always `openssl`), `profile` (`dev` or `release`), `rustc`, `ir` (version of
    the IR it reads) and `abi` (number of the shared-memory layout).
    """

def check_regex(pattern: str, anywhere: bool) -> tuple[str | None, str | None]:
    """What becomes of a regular expression: of a path, or of a text in which it is looked for `anywhere`. The first is
    why the data plane refuses it; the second, if it does not, why it is matched by backtracking, within limits.
    """

def trailer_names(names: list[str] | None) -> list[str]:
    """The names of trailer fields that pass, in lower case: the usual ones for None. ValueError names one that never
    may, and says why.
    """

def check_certificate(chain_pem: bytes, key_pem: bytes) -> dict[str, object]:
    """What a certificate says: `names` (list of DNS and IP names, lower-case), `not_before` and `not_after` (int, Unix
    seconds), `subject` (str). ValueError with the reason when the chain or the key is unreadable, or they do not match.
    """

def check_authority(ca_pem: bytes, crl_pem: bytes) -> None:
    """ValueError with the reason when certificates of clients cannot be verified by these authorities, and by what they
    have revoked (empty: nothing).
    """

def check_ciphers(ciphers: str) -> str | None:
    """None when this is a list of cipher suites of TLS 1.2, at least one of which the TLS library has, else why not."""

def check_groups(groups: str) -> str | None:
    """None when this is a list of groups for a key exchange, all of which the TLS library has, else why not."""

def explain(root: bytes, segments: list[bytes], question: bytes) -> bytes:
    """What would be done with one request under the snapshot of this root, by the lookup and plan that serve traffic.
    Opens no socket and keeps nothing. `segments` is the whole tree; `question` is the msgpack of
    `gateway.survey.question.Question`, the answer that of `gateway.survey.question.Decision`. ValueError where the
    snapshot would be refused or is not whole, or the question is none.
    """

def mint_certificate(names: list[str], ca: tuple[bytes, bytes] | None, days: int) -> tuple[bytes, bytes]:
    """A new ECDSA P-256 certificate and its key, both PEM. `ca` is (certificate PEM, key PEM) of the issuer; None makes
    a certificate authority whose common name is `names[0]`. For development: valid from an hour ago, for `days` days.
    """

@final
class Refused(ValueError):  # noqa: N818 -- said of a snapshot, as in the protocol
    """A snapshot that cannot be served; what was served before is served on."""

    def __new__(cls, segment: str, kind: str, field: str, reason: str) -> Self: ...
    @property
    def segment(self) -> str:
        """Digest of the segment at fault, as hex."""

    @property
    def kind(self) -> str:
        """The segment's kind, for example `host`."""

    @property
    def field(self) -> str:
        """Path of the field in the segment, for example `routes[3].match.pattern`; may be empty."""

    @property
    def reason(self) -> str: ...

@final
class Offer:
    """What became of one offered snapshot."""

    @property
    def accepted(self) -> bool:
        """True when every worker serves `root` from now on. False only when `wanted` is not empty."""

    @property
    def wanted(self) -> list[bytes]:
        """Digests of segments that the engine has not got: offer again with them added."""

    @property
    def root(self) -> bytes: ...
    @property
    def built(self) -> int:
        """Tables, backends and certificates that were built for this snapshot."""

    @property
    def reused(self) -> int:
        """Those that were taken over from the snapshot before, by digest."""

    @property
    def build_us(self) -> int:
        """Microseconds of decoding, checking and building, off the workers."""

    @property
    def problem(self) -> str | None:
        """Why the snapshot is not on disk, though it is served; None when it is, or need not be."""

    @property
    def swap_us(self) -> int:
        """Microseconds from the built snapshot to the swapped pointer."""

@final
class Engine:
    """The listeners and workers of this process. Not usable in a forked child."""

    def __new__(cls, settings: bytes) -> Engine:
        """`settings` is the msgpack of `gateway.dataplane.settings.EngineSettings`. The engine takes over the listening
        sockets named there. ValueError names the field that is wrong; OSError where the telemetry memory is unusable.
        """

    def restore(self) -> Offer | None:
        """Serve the last good snapshot from disk; None where there is none, or none that can be used
        (`restore_problem`). Called before `start`, so that no connection ever meets an engine without a snapshot.
        """

    @property
    def restore_problem(self) -> str | None:
        """What keeps the last good snapshot from being read, or later from being written; None when nothing does."""

    def start(self) -> dict[str, str]:
        """Start the workers. Name of each listener -> `ip:port` that is really bound. OSError names the address."""

    def offer(self, root: bytes, segments: list[bytes]) -> Offer:
        """Serve the snapshot whose root segment has this digest. `segments` are those that are new to the engine, in
        any order; segments of an offer that was not accepted are not kept. Raises Refused.
        """

    def digest(self) -> bytes | None:
        """Root of the snapshot that is served."""

    def reclaim(self) -> None:
        """Free replaced snapshots that the workers have let go of by now. Otherwise the next offer does."""

    def set_draining(self) -> None:
        """From now on every response closes its connection."""

    def drain(self, deadline_ms: int) -> dict[str, int]:
        """Stop accepting, serve what waits in the accept queues, finish what runs, cut it at the deadline, and join the
        workers. Connections by how they ended: `finished`, `aborted`, `idle_closed`. A second call while the first
        still waits can only move the deadline nearer; a call afterwards returns the same counts.
        """

    def slots(self, since: int) -> list[tuple[int, str, str, str, str, str, str]]:
        """Telemetry slots given out after slot number `since`, in order: (slot, namespace, object name, service, port,
        host, display path).
        """
