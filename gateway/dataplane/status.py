"""What the process knows of itself: is it ready, what does it serve, what became of the snapshots it was offered."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from gateway.dataplane.health import Page
from gateway.publish.protocol import Accepted, Refused
from gateway.telemetry import metrics
from gateway.telemetry.metric import render


class Status:
    """`clock` is the wall clock in seconds: ages are told to people and to Prometheus."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.root: bytes | None = None
        self.served_since = 0.0
        self.restored = False  # what is served came from disk, and control has confirmed none since
        self.draining = False
        self.accepted = 0
        self.refused = 0

    def serves(self, root: bytes, *, restored: bool = False) -> None:
        self.root = root
        self.restored = restored
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

    def readyz(self, stale: str) -> Page:
        """`stale` is why control cannot know the newest state, empty if it can: traffic is served all the same."""
        if self.draining:
            return Page(HTTPStatus.SERVICE_UNAVAILABLE, "not ready: draining\n")
        if self.root is None:
            return Page(HTTPStatus.SERVICE_UNAVAILABLE, "not ready: no snapshot is served yet; control has sent none\n")
        if self.restored:
            return Page(HTTPStatus.OK, "ok, stale: the last good snapshot from disk; control has sent none yet\n")
        if stale:
            return Page(HTTPStatus.OK, f"ok, stale: {stale}\n")
        return Page(HTTPStatus.OK, "ok\n")

    def metrics(self, build: Mapping[str, str], *, connected: bool, lost_bytes: int) -> str:
        """What only this process knows, in Prometheus' text format."""
        ready = self.root is not None and not self.draining
        age = None if self.root is None else max(0.0, self._clock() - self.served_since)
        return metrics.build_info({name: build[name] for name in metrics.BUILD.labels}) + render(
            (
                (metrics.CONNECTED, int(connected)),
                (metrics.ACCEPTED, self.accepted),
                (metrics.REFUSED, self.refused),
                (metrics.READY, int(ready)),
                (metrics.SNAPSHOT_AGE, age),
                (metrics.LOST, lost_bytes),
            )
        )
