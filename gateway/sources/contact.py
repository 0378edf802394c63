"""Whether the API server can be watched, in lines for the operator: one per change, and now and then one meanwhile."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from gateway.base.clock import Clock
from gateway.kube.health import Health
from gateway.kube.target import Target


class Contact:
    """`age` gives the seconds since the API server last said anything, or None if it never did."""

    def __init__(
        self, server: str, *, say: Callable[[str], None], clock: Clock, age: Callable[[], float | None], remind: float
    ) -> None:
        self._server = server
        self._say = say
        self._clock = clock
        self._age = age
        self._remind = remind
        self._failing: dict[Target, Health] = {}
        self._denied: dict[Target, str] = {}
        self._lost_at = 0.0

    @property
    def stale(self) -> str:
        """Why what is known may be old, empty when it is not. The same text for as long as the reason is the same."""
        health = next(iter(self._failing.values()), None)
        return f"{health.target}: {health.error}" if health is not None else ""

    @property
    def lost(self) -> AbstractSet[Target]:
        """What cannot be watched for another reason than a missing right."""
        return self._failing.keys()

    def hear(self, health: Health) -> None:
        target = health.target
        if health.denial is not None:
            self._failing.pop(target, None)
            if self._denied.get(target) != health.error:
                self._denied[target] = health.error
                self._say(f"cluster: {health.error}")
            self._recover()
        elif not health.healthy:
            if not self._failing:
                self._lost_at = self._clock.now()
                self._say(
                    f"cluster: {target}: {health.error}; traffic goes on under what is known, and it is tried again"
                )
            self._failing[target] = health
        else:
            if self._denied.pop(target, None) is not None:
                self._say(f"cluster: {target} can be watched now")
            if self._failing.pop(target, None) is not None:
                self._recover()

    async def run(self) -> None:
        """Until cancelled. Who looks at the lines of the last hour should see that there is an outage."""
        while True:
            await self._clock.sleep(self._remind)
            if self._failing:
                health = next(iter(self._failing.values()))
                self._say(f"cluster: still {health.target}: {health.error}; {self._since()}")

    def _recover(self) -> None:
        if not self._failing and self._lost_at:
            self._say(f"cluster: {self._server} is watched again after {self._clock.now() - self._lost_at:.0f} s")
            self._lost_at = 0.0

    def _since(self) -> str:
        age = self._age()
        return "nothing is known yet" if age is None else f"what is known is {age:.0f} s old"
