"""Writes Events on objects: what is new among all that stands, at a bounded rate, by the leader only.

Telling never waits. What stands is not said again, not by the next leader either (Events have names that follow from
what they say); what went and came back is the same Event with a higher count. If the API server is slow the oldest of
what waits is dropped: Events are for people who look now, and the verdicts themselves are in the log.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from gateway.base.backoff import Backoff
from gateway.base.bucket import Bucket
from gateway.base.clock import Clock
from gateway.kube.api import MERGE_PATCH, Writes
from gateway.kube.denials import Denials
from gateway.kube.errors import ApiError, Unreachable
from gateway.kube.notice import Notice, new_event, repeated_event
from gateway.kube.resources import path_of


class EventPace(Struct, frozen=True, kw_only=True):
    """Bounds. Not settable from outside: tests change some."""

    per_second: float = 5.0  # Events live in etcd for an hour; a thousand broken objects take some minutes to be told
    burst: int = 50
    object_burst: int = 25  # on one object, as client-go has it: nobody reads more
    object_per_second: float = 1 / 300
    waiting: int = 1_000  # notices that wait for the API server
    remembered: int = 10_000  # notices that were told and do not stand any more, and objects with a bucket
    request: float = 10.0  # seconds
    retry_first: float = 1.0
    retry_longest: float = 60.0  # also after a missing right


class EventCounters(Struct):
    """Only grow."""

    written: int = 0
    repeated: int = 0
    dropped: int = 0  # the API server was too slow, or did not take them
    held_back: int = 0  # too many on one object


class _Told(Struct):
    """What became of a notice. `count` is 0 until it has been said."""

    first: datetime
    count: int = 0


class Recorder:
    """`tell` whenever what stands may have changed, `lead` when leadership changes; `run` in a task. `instance` is our
    pod, for people.
    """

    def __init__(
        self,
        client: Writes,
        *,
        instance: str,
        leading: Callable[[], bool],
        clock: Clock,
        wall: Callable[[], datetime],
        uniform: Callable[[], float],
        say: Callable[[str], None],
        pace: EventPace | None = None,
    ) -> None:
        self._client = client
        self._instance = instance
        self._leading = leading
        self._clock = clock
        self._wall = wall
        self._say = say
        self._pace = pace = pace or EventPace()
        self._backoff = Backoff(first=pace.retry_first, longest=pace.retry_longest, uniform=uniform)
        self._bucket = Bucket(per_second=pace.per_second, burst=pace.burst, clock=clock)
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()  # by uid
        self._denials = Denials(lambda line: say(f"events: {line}"))
        self._standing: frozenset[Notice] = frozenset()
        self._told: OrderedDict[Notice, _Told] = OrderedDict()
        self._waiting: OrderedDict[Notice, None] = OrderedDict()
        self._awake = asyncio.Event()
        self._trouble = ""
        self.counters = EventCounters()

    def tell(self, standing: Iterable[Notice]) -> None:
        """All that stands now."""
        ordered = dict.fromkeys(standing)
        before, self._standing = self._standing, frozenset(ordered)
        if not self._leading():
            return
        for notice in ordered:
            if notice not in before:
                self._enqueue(notice)

    def lead(self, leads: bool) -> None:
        """Leadership has changed. A new leader says what stands, as far as it has not said it before."""
        self._waiting.clear()
        if leads:
            for notice in sorted(self._standing):
                if notice not in self._told:
                    self._enqueue(notice)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._awake.wait()
            if wait := self._bucket.take():
                await self._clock.sleep(wait)
            while self._waiting:
                notice, _ = self._waiting.popitem(last=False)
                if not self._leading():
                    self._waiting.clear()
                elif notice not in self._standing:
                    continue  # mended before it was said
                elif self._object_allows(notice):
                    await self._send(notice)
                    break
                else:
                    self.counters.held_back += 1
            if not self._waiting:
                self._awake.clear()

    # --- what waits ---

    def _enqueue(self, notice: Notice) -> None:
        self._waiting.pop(notice, None)
        self._waiting[notice] = None
        while len(self._waiting) > self._pace.waiting:
            self._waiting.popitem(last=False)
            self.counters.dropped += 1
        self._awake.set()

    def _object_allows(self, notice: Notice) -> bool:
        pace = self._pace
        bucket = self._buckets.pop(notice.uid, None) or Bucket(
            per_second=pace.object_per_second, burst=pace.object_burst, clock=self._clock
        )
        self._buckets[notice.uid] = bucket  # the newest is last
        while len(self._buckets) > pace.remembered:
            self._buckets.popitem(last=False)
        if bucket.delay():
            return False
        bucket.take()
        return True

    def _remember(self, notice: Notice, told: _Told) -> None:
        self._told.pop(notice, None)
        self._told[notice] = told
        spare = len(self._told) - len(self._standing) - self._pace.remembered
        if spare > 0:  # those that stand must not be forgotten: they would be said again
            gone = [one for one in self._told if one not in self._standing]
            for one in gone[:spare]:
                del self._told[one]

    # --- saying it ---

    async def _send(self, notice: Notice) -> None:
        now = self._wall()
        told = self._told.get(notice) or _Told(now)
        try:
            count = told.count + 1
            if not (told.count and await self._repeat(notice, now, count)):
                await self._create(notice, told.first, now, count)
        except (ApiError, Unreachable) as error:
            await self._failure(notice, error)
            return
        told.count = count
        self._remember(notice, told)
        self._backoff.reset()
        self._trouble = ""

    async def _repeat(self, notice: Notice, now: datetime, count: int) -> bool:
        """False if the Event does not exist any more: they live for an hour."""
        path = path_of("Event", notice.event_namespace, notice.event_name)
        body = repeated_event(last=now, count=count)
        try:
            await self._client.send("PATCH", path, body, content_type=MERGE_PATCH, timeout=self._pace.request)
        except ApiError as error:
            if error.status == 404:
                return False
            self._hear(error, "patch", notice)
            raise
        self.counters.repeated += 1
        return True

    async def _create(self, notice: Notice, first: datetime, now: datetime, count: int) -> None:
        body = new_event(notice, self._instance, first=first, last=now, count=count)
        try:
            path = path_of("Event", notice.event_namespace)
            await self._client.send("POST", path, body, timeout=self._pace.request)
        except ApiError as error:
            if error.status == 409:
                return  # a leader before us has said it
            self._hear(error, "create", notice)
            raise
        self.counters.written += 1

    def _hear(self, error: ApiError, verb: str, notice: Notice) -> None:
        if not _is_ending(error):
            self._denials.hear(error, verb, "Event", notice.event_namespace)

    async def _failure(self, notice: Notice, error: ApiError | Unreachable) -> None:
        status = error.status if isinstance(error, ApiError) else 0
        if status in (400, 404, 413, 422) or (isinstance(error, ApiError) and _is_ending(error)):
            self.counters.dropped += 1
            if status in (400, 413, 422):
                self._complain(f"the API server does not take an Event on {notice.kind} {notice.name}: {error}")
            return
        if len(self._waiting) < self._pace.waiting:
            self._waiting[notice] = None
            self._waiting.move_to_end(notice, last=False)
        else:
            self.counters.dropped += 1
        if status != 403:
            self._complain(f"not written, will be tried again: {error}")
        wait = self._pace.retry_longest if status == 403 else self._backoff.next()
        if isinstance(error, ApiError) and error.retry_after is not None:
            wait = max(wait, min(error.retry_after, self._pace.retry_longest))
        await self._clock.sleep(wait)

    def _complain(self, text: str) -> None:
        if text != self._trouble:
            self._trouble = text
            self._say(f"events: {text}")


def _is_ending(error: ApiError) -> bool:
    """A namespace that is being deleted takes nothing new, and says so by 403."""
    return error.status == 403 and "being terminated" in error.message
