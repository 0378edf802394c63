"""What the data plane is started with: the part for the engine, and the part for the process around it."""

from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.supervise.sockets import Listening

FILES_PER_WORKER: Final = 131_072  # the most that one thread is expected to serve
CONNECTION_SHARE: Final = 95  # per cent of the descriptors; logs, pipes and bodies on disk need the others
BODY_DISK_BYTES: Final = 1 << 30  # of request bodies at one time; beyond it they are sent on as they come
FEWEST_FILES: Final = 32  # a limit so low that nothing could be served at all would be of no use to anybody


class EngineListener(Struct, frozen=True):
    """`fds` are listening sockets, one per worker, that the engine takes over; empty makes it bind `address` itself."""

    name: str
    tls: bool
    address: str
    fds: tuple[int, ...]


class EngineSettings(Struct, frozen=True, omit_defaults=True):
    """As `_core.Engine` reads it, packed by msgpack. What is left out has the engine's own default."""

    workers: int
    listeners: tuple[EngineListener, ...]
    telemetry_fd: int
    last_good: str | None = None
    body_folder: str | None = None
    body_disk_bytes: int | None = None
    max_connections: int | None = None
    max_files: int | None = None
    client_requests: int | None = None
    upstream_requests: int | None = None
    request_trailers: tuple[str, ...] | None = None
    response_trailers: tuple[str, ...] | None = None


class HostSettings(Struct, frozen=True):
    """`lifeline` and `notify` are pipes to a supervisor, None where there is none. Times are in seconds.
    `descriptors` is how many files and sockets the process may have open.
    """

    state_dir: Path
    workers: int
    http: Listening
    https: Listening
    health: Listening
    access_log: str  # a file, "-" for stdout, or "off"
    access_log_format: str
    shutdown_grace: float
    drain: float
    descriptors: int
    body_folder: str | None  # for request bodies that are too large for memory; None sends them on as they come
    client_requests: int | None = None  # None is the engine's own default
    upstream_requests: int | None = None
    request_trailers: tuple[str, ...] | None = None
    response_trailers: tuple[str, ...] | None = None
    lifeline: int | None = None
    notify: int | None = None

    @property
    def socket_path(self) -> Path:
        return self.state_dir / "dataplane.sock"

    @property
    def last_good(self) -> Path:
        return self.state_dir / "last-good"

    @property
    def files_per_worker(self) -> int:
        """For connections to clients and upstreams; before they are all taken, idle clients make room."""
        share = self.descriptors * CONNECTION_SHARE // 100 // self.workers
        return max(FEWEST_FILES, min(FILES_PER_WORKER, share))

    def addresses(self) -> dict[str, str]:
        return {"http": self.http.address, "https": self.https.address, "health": self.health.address}

    def engine(self, telemetry_fd: int) -> EngineSettings:
        return EngineSettings(
            workers=self.workers,
            listeners=(
                EngineListener("http", tls=False, address=self.http.address, fds=self.http.fds),
                EngineListener("https", tls=True, address=self.https.address, fds=self.https.fds),
            ),
            telemetry_fd=telemetry_fd,
            last_good=str(self.last_good),
            body_folder=self.body_folder,
            body_disk_bytes=BODY_DISK_BYTES // self.workers,
            max_files=self.files_per_worker,
            client_requests=self.client_requests,
            upstream_requests=self.upstream_requests,
            request_trailers=self.request_trailers,
            response_trailers=self.response_trailers,
        )
