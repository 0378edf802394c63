"""One watch, from its opening to its end. Bounds every wait; does not know what events mean, and does not try again."""

from collections.abc import Callable, Sequence

from gateway.base.clock import Clock
from gateway.kube.api import Streams
from gateway.kube.decode import Event, read_event
from gateway.kube.errors import ApiError, Unreachable
from gateway.kube.health import Counters
from gateway.kube.lines import Lines
from gateway.kube.pace import Pace
from gateway.kube.target import Target

REFUSALS = (400, 405, 422)  # what servers without initial events answer to those who ask for them


class InitialEvents:
    """Whether an API server tells over a watch what there is (WatchList, Kubernetes 1.34). Reflectors of one server
    share this, so that it is found out once. The list does as well, so it is not asked again.
    """

    def __init__(self) -> None:
        self.served = True


class NotServed(Exception):  # noqa: N818
    """The server does not send initial events."""


class Watching:
    def __init__(
        self,
        client: Streams,
        target: Target,
        counters: Counters,
        *,
        clock: Clock,
        uniform: Callable[[], float],
        pace: Pace,
    ) -> None:
        self._client = client
        self._target = target
        self._counters = counters
        self._clock = clock
        self._uniform = uniform
        self._pace = pace
        self.awaits_initial = False
        """The initial events are not complete. Whoever takes the events says when they are."""

    async def follow(
        self,
        version: str,
        *,
        initial: bool,
        opened: Callable[[], None],
        take: Callable[[Sequence[Event]], None],
    ) -> None:
        """Until the server ends it. `take` hears what came together, and may raise to leave.

        Raises ApiError, Unreachable or Garbled, and NotServed only with `initial`.
        """
        pace, began = self._pace, self._clock.now()
        seconds = int(pace.watch_least + (pace.watch_most - pace.watch_least) * self._uniform())
        end = began + seconds + pace.grace
        self.awaits_initial = initial
        self._counters.watches += 1
        lines, bookmarked = Lines(), False
        try:
            async with self._client.stream(self._target.path, self._query(version, seconds, initial=initial)) as pieces:
                opened()
                while True:
                    patience = self._patience(end, bookmarked=bookmarked)
                    try:
                        async with self._clock.timeout(patience):
                            piece = await anext(pieces)
                    except StopAsyncIteration:
                        break
                    self._counters.last_word = self._clock.now()
                    events = [read_event(line) for line in lines.feed(piece)]
                    bookmarked = bookmarked or any(event.type == "BOOKMARK" for event in events)
                    take(events)
        except TimeoutError:
            if self.awaits_initial:
                raise NotServed from None
            raise Unreachable(f"the watch of {self._target} fell silent") from None
        except ApiError as error:
            if self.awaits_initial and error.status in REFUSALS:
                raise NotServed from None
            raise
        if self.awaits_initial:
            raise Unreachable(f"the watch of {self._target} ended before it had told what there is")

    def _query(self, version: str, seconds: int, *, initial: bool) -> dict[str, str]:
        query = {
            **self._target.selection,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(seconds),
        }
        if version:
            query["resourceVersion"] = version
        if initial:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        return query

    def _patience(self, end: float, *, bookmarked: bool) -> float:
        left = end - self._clock.now()
        if self.awaits_initial:
            return min(left, self._pace.initial)
        return min(left, self._pace.silence) if bookmarked else left
