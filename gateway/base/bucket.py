"""A token bucket: so many at once, and so many a second after that."""

from gateway.base.clock import Clock


class Bucket:
    """Full at first."""

    def __init__(self, *, per_second: float, burst: float, clock: Clock) -> None:
        self._rate = per_second
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._filled = clock.now()

    @property
    def full(self) -> bool:
        """As if nothing had ever been taken."""
        self._fill()
        return self._tokens >= self._burst

    def delay(self) -> float:
        """Seconds until there is a token; 0 if there is one."""
        self._fill()
        return max(0.0, (1.0 - self._tokens) / self._rate)

    def take(self) -> float:
        """Take one, now or on credit, and say how many seconds to wait before it may be used."""
        wait = self.delay()
        self._tokens -= 1.0
        return wait

    def _fill(self) -> None:
        now = self._clock.now()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
