"""How long to wait before something is tried again."""

import random
from collections.abc import Callable

_DOUBLINGS = 62  # more would only overflow


class Backoff:
    """Delays that double up to `longest`, each spread over its upper half so that many clients do not come at once."""

    def __init__(self, *, first: float, longest: float, uniform: Callable[[], float] = random.random) -> None:
        self._first = first
        self._longest = longest
        self._uniform = uniform
        self._tries = 0

    def next(self) -> float:
        """Seconds to wait now."""
        delay = min(self._longest, self._first * 2.0 ** min(self._tries, _DOUBLINGS))
        self._tries += 1
        return delay * (0.5 + 0.5 * self._uniform())

    def reset(self) -> None:
        """It went well."""
        self._tries = 0
