"""What the process knows of itself: is it ready, what does it serve, what became of the snapshots it was offered."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from gateway.dataplane.health import Page
from gateway.publish.protocol import Accepted, Refused


class Status:
    """`clock` is the wall clock in seconds: ages are told to people and to Prometheus."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.root: bytes | None = None
        self.served_since = 0.0
        self.draining = False
        self.accepted = 0
        self.refused = 0

    def serves(self, root: bytes) -> None:
        self.root = root
        self.served_since = self._clock()

    def answered(self, answer: Accepted | Refused) -> None:
        if isinstance(answer, Accepted):
            self.accepted += 1
            self.serves(answer.root)
        else:
            self.refused += 1

    # --- pages ---

    async def healthz(self) -> Page:
        """As ingress-nginx answers it: 500 while shutting down."""
        if self.draining:
            return Page(HTTPStatus.INTERNAL_SERVER_ERROR, "shutting down\n")
        return Page(HTTPStatus.OK, "ok\n")

    async def livez(self) -> Page:
        return Page(HTTPStatus.OK, "ok\n")

    async def readyz(self) -> Page:
        if self.draining:
            return Page(HTTPStatus.SERVICE_UNAVAILABLE, "not ready: draining\n")
        if self.root is None:
            return Page(HTTPStatus.SERVICE_UNAVAILABLE, "not ready: no snapshot is served yet; control has sent none\n")
        return Page(HTTPStatus.OK, "ok\n")

    def metrics(self, build: Mapping[str, str], *, connected: bool, lost_bytes: int) -> str:
        """What only this process knows, in Prometheus' text format."""
        ready = int(self.root is not None and not self.draining)
        age = "NaN" if self.root is None else round(max(0.0, self._clock() - self.served_since), 3)
        rows = [
            ("control_connected", "gauge", "1 while a control plane is connected.", int(connected)),
            ("snapshots_accepted_total", "counter", "Snapshots accepted from control.", self.accepted),
            ("snapshots_refused_total", "counter", "Snapshots refused; the one before is served on.", self.refused),
            ("ready", "gauge", "1 while readyz answers 200.", ready),
            ("snapshot_age_seconds", "gauge", "Time since the served snapshot was accepted or restored.", age),
            ("access_log_lost_bytes_total", "counter", "Access-log bytes that could not be written.", lost_bytes),
        ]
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in build.items())
        lines = [
            "# HELP sallygate_build_info What this build is made of.",
            "# TYPE sallygate_build_info gauge",
            f"sallygate_build_info{{{labels}}} 1",
        ]
        for name, kind, text, value in rows:
            full = f"sallygate_{name}"
            lines += [f"# HELP {full} {text}", f"# TYPE {full} {kind}", f"{full} {value}"]
        return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
