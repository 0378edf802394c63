"""How control fares, gathered now and then and handed to the publisher: the data plane tells it on. Decides nothing."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from gateway.base.clock import Clock
from gateway.kube.health import Counters
from gateway.publish.protocol import Report
from gateway.sources.kubernetes import KubernetesSource
from gateway.status.spokesman import Spokesman
from gateway.telemetry.control import Figures, Told, Watched, series
from gateway.telemetry.resources import Resources
from gateway.verdicts.verdict import Severity

LOOK: Final = 1.0  # seconds between two looks: an outage shows in `/readyz` that soon
REFRESH: Final = 5.0  # seconds between two reports where only figures differ: scrapes are rarer than that


class Reporting:
    """`cluster` and `spokesman` are None where there is no cluster. `verdicts` counts what stands."""

    def __init__(
        self,
        report: Callable[[Report], None],
        *,
        cluster: KubernetesSource | None,
        spokesman: Spokesman | None,
        verdicts: Callable[[], Counter[Severity]],
        used: Callable[[], Resources],
        clock: Clock,
    ) -> None:
        self._report = report
        self._cluster = cluster
        self._spokesman = spokesman
        self._verdicts = verdicts
        self._used = used
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled."""
        stale, due = "", 0.0
        while True:
            now, before = self._clock.now(), stale
            stale = self._cluster.stale if self._cluster else ""
            if now >= due or stale != before:
                self._report(Report(stale, series(self.figures())))
                due = now + REFRESH
            await self._clock.sleep(LOOK)

    def figures(self) -> Figures:
        cluster = self._cluster
        return Figures(
            stale=bool(cluster and cluster.stale),
            contact_age=cluster.age() if cluster else None,
            watched={kind: _watched(counters) for kind, counters in cluster.counters().items()} if cluster else {},
            verdicts={str(severity): count for severity, count in self._verdicts().items()},
            told=_told(self._spokesman) if self._spokesman else None,
            used=self._used(),
        )


def _watched(counters: Counters) -> Watched:
    return Watched(
        objects=counters.objects,
        lists=counters.lists,
        relists=counters.relists,
        watches=counters.watches,
        events=counters.events,
        old_events=counters.stale_events,
        failures=counters.failures,
        flawed=counters.flawed,
        storms=counters.storms,
    )


def _told(spokesman: Spokesman) -> Told:
    counters = spokesman.recorder.counters
    return Told(
        leading=spokesman.leading(),
        status_writes=spokesman.reporter.writes,
        notices={
            "written": counters.written,
            "repeated": counters.repeated,
            "dropped": counters.dropped,
            "held_back": counters.held_back,
        },
    )
