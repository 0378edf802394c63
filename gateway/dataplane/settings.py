"""What the data plane is started with: the part for the engine, and the part for the process around it."""

from pathlib import Path

from msgspec import Struct

from gateway.supervise.sockets import Listening


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


class HostSettings(Struct, frozen=True):
    """`lifeline` and `notify` are pipes to a supervisor, None where there is none. Times are in seconds."""

    state_dir: Path
    workers: int
    http: Listening
    https: Listening
    health: Listening
    access_log: str  # a file, "-" for stdout, or "off"
    access_log_format: str
    shutdown_grace: float
    drain: float
    lifeline: int | None = None
    notify: int | None = None

    @property
    def socket_path(self) -> Path:
        return self.state_dir / "dataplane.sock"

    @property
    def last_good(self) -> Path:
        return self.state_dir / "last-good"

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
        )
