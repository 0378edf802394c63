"""How long to wait before a dead child is started again."""

FIRST = 0.1
LONGEST = 5.0
STEADY = 10.0  # seconds: a child that ran this long had started well, and its next death is a new story


class Backoff:
    """The first restart is at once: traffic waits for it. After that the delay doubles, up to `LONGEST`."""

    def __init__(self) -> None:
        self.deaths = 0

    def after(self, lived: float) -> float:
        """Seconds to wait after a child died that had lived so long."""
        self.deaths = 1 if lived >= STEADY else self.deaths + 1
        # The exponent is capped because a child may crash for months.
        return 0.0 if self.deaths == 1 else min(LONGEST, FIRST * 2 ** min(self.deaths - 2, 10))
