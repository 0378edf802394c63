"""`python -m tests.support.fake_host …` is `sallygate …` with `fake_core` in the place of the compiled library."""

import sys
from types import ModuleType

from tests.support import fake_core


class FakeTelemetry:
    """One access-log line, once."""

    def __init__(self, *_: object) -> None:
        self._lines = [b"one line\n"]

    def lines(self, limit: int) -> bytes:
        return self._lines.pop() if self._lines else b""

    def exposition(self) -> str:
        return "fake_series 1\n"


def main() -> int:
    from gateway.cli.main import main as sallygate  # noqa: PLC0415

    feed = ModuleType("gateway.dataplane.telemetry")
    feed.Feed = FakeTelemetry  # type: ignore[attr-defined]
    sys.modules["gateway._core"] = fake_core
    sys.modules["gateway.dataplane.telemetry"] = feed
    return sallygate()


if __name__ == "__main__":
    sys.exit(main())
