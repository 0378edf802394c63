"""Keeps a copy of some objects of the cluster up to date, for ever, and tells what changed.

It lists and watches as client-go does: initial events over the watch where the server has them, otherwise a list in
pages; bookmarks; a fresh list when the server has forgotten where we were, never older than what is known; waits that
grow and are jittered after every failure. What is known stays while the server cannot be reached.

Nothing is taken for gone because of a failure: only a complete list of the right kind, or a DELETED event, says so. If
a list lacks more than half of a population of some size, that is said loudly, and before anything is removed a second
list is asked for, from the database; what that says is done. So a cache of an API server that is wrong for a moment is
held back, and a true mass deletion is late by a second. Objects that are deleted one by one, however many, are not held
back at all.

What this does not notice: a database put back to an older state whose versions have overtaken ours before we ask again.
"""

import random
from collections.abc import Callable, Sequence

from gateway.base.backoff import Backoff
from gateway.base.clock import Clock, SystemClock
from gateway.kube.answers import reported
from gateway.kube.api import ReadsAndStreams
from gateway.kube.decode import Event, Flawed, decoder_of, read_bookmark, read_status
from gateway.kube.errors import ApiError, Garbled, Unreachable
from gateway.kube.health import Counters, Health
from gateway.kube.listing import Lister, Since, is_ahead, is_expired
from gateway.kube.pace import STORM_LEAST, STORM_SHARE, Pace
from gateway.kube.population import Batch, Fresh, Population, is_newer
from gateway.kube.target import Denial, Target
from gateway.kube.watching import InitialEvents, NotServed, Watching
from gateway.objects.kinds import Object


class _Doubt(Exception):  # noqa: N818
    """A list that is to be confirmed."""


class Reflector:
    """`run` it in a task. All callbacks are called from there, between two awaits, and must not raise.

    `tell` hears batches; the first one comes before `synced`, which is called once, when everything there was has been
    told, be it nothing. `health` hears when the server can no longer be watched, why (a missing right is named), and
    when it can again; a single watch that breaks and is taken up at once is not worth a word. `say` hears lines for
    the operator.
    """

    def __init__(
        self,
        client: ReadsAndStreams,
        target: Target,
        *,
        tell: Callable[[Batch], None],
        synced: Callable[[], None],
        health: Callable[[Health], None],
        say: Callable[[str], None],
        initial_events: InitialEvents | None = None,
        clock: Clock | None = None,
        uniform: Callable[[], float] = random.random,
        pace: Pace | None = None,
        counters: Counters | None = None,
    ) -> None:
        self.target = target
        self.counters = counters or Counters()
        self._tell = tell
        self._synced = synced
        self._told_health = health
        self._say = say
        self._initial_events = initial_events or InitialEvents()
        self._clock = clock or SystemClock()
        self._uniform = uniform
        self._pace = pace or Pace()
        self._decoder = decoder_of(target.resource)
        self._population = Population(target.kind)
        self._lister = Lister(client, target, self._decoder, self.counters, self._pace)
        self._watching = Watching(client, target, self.counters, clock=self._clock, uniform=uniform, pace=self._pace)
        self._backoff = Backoff(first=self._pace.retry_first, longest=self._pace.retry_longest, uniform=uniform)
        self.health = Health(target, healthy=False, since=self._clock.now())
        self._version = ""
        self._since: Since | None = Since.WHATEVER  # how new the list must be that is needed; None if none is
        self._verb = "list"  # what is being asked for
        self._fresh: Fresh | None = None  # the initial events so far
        self._is_synced = False
        self._confirming = False
        self._by_list = False  # initial events did not come through last time
        self._opened_at: float | None = None  # of the watch of this turn, once it works
        self._failed = 0  # turns in a row
        self._failed_closed = False  # the last one before its watch was open

    @property
    def is_synced(self) -> bool:
        return self._is_synced

    def __len__(self) -> int:
        """Objects that are known."""
        return len(self._population)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            wait = await self._attempt()
            if wait > 0:
                await self._clock.sleep(wait)

    async def read(self) -> None:
        """Until a list has told what there is; `run` goes on from there. It needs no connection of its own, so that
        thousands can be read over a few.
        """
        while not self._is_synced:
            try:
                await self._list()
            except (ApiError, Unreachable, Garbled) as error:
                await self._clock.sleep(self._failure(error))

    # --- trying, and what comes of it ---

    async def _attempt(self) -> float:
        """One turn of list and watch, and how long to wait before the next."""
        self._opened_at = None
        try:
            await self._turn()
        except _Doubt:
            return self._pace.confirm
        except NotServed:
            self._initial_events.served = False
            return 0.0
        except (ApiError, Unreachable, Garbled) as error:
            if isinstance(error, ApiError) and error.status == 404 and self.target.resource.extra:
                return self._take_absence()
            return self._failure(error)
        if self._is_settled():
            return 0.0
        return self._backoff.next()  # a server that ends each watch at once must not be asked without a pause

    async def _turn(self) -> None:
        if self._since is not None:
            if self._initial_events.served and not self._confirming and not self._by_list:
                self._by_list = True  # unless it works
                await self._watch(initial=True)
                return
            await self._list()
        await self._watch(initial=False)

    def _is_settled(self) -> bool:
        if self._opened_at is None or self._clock.now() - self._opened_at < self._pace.settled:
            return False
        self._backoff.reset()
        self._failed = 0
        return True

    def _failure(self, error: ApiError | Unreachable | Garbled) -> float:
        self.counters.failures += 1
        self._is_settled()
        self._failed += 1
        self._failed_closed = self._opened_at is None
        if self._failed_closed or self._failed > 1:
            self._set_health(healthy=False, error=error)
        wait = self._backoff.next()
        if isinstance(error, ApiError) and error.retry_after is not None:
            wait += min(error.retry_after, self._pace.retry_asked)
        return wait

    # --- the state ---

    async def _list(self) -> None:
        self._verb = "list"
        since = self._since or Since.LAST
        try:
            fresh = await self._lister.list(since, self._version)
        except ApiError as error:
            if since is Since.NOW or not (is_expired(error) or is_ahead(error)):
                raise
            self._since = Since.NOW
            fresh = await self._lister.list(Since.NOW, "")
        if since is Since.WHATEVER and self.target.name and not fresh.found:
            # A cached state may lack what was made a moment ago, and nobody should hear that it does not exist.
            fresh = await self._lister.list(Since.NOW, "")
        self.counters.last_word = self._clock.now()
        self._take_state(fresh)

    def _take_state(self, fresh: Fresh) -> None:
        self._doubt(fresh)
        if not fresh.complete:
            self._say(
                f"{self.target}: an object without a readable name came; until it is gone, none is taken for gone"
            )
        self.counters.relists += self._is_synced
        self._population.replace(fresh)
        self._version = fresh.version
        self._since = None
        self._by_list = False
        self._flush()
        if not self._is_synced:
            self._is_synced = True
            self._synced()

    def _take_absence(self) -> float:
        """The server does not know the kind, so there is nothing of it. It may come, so it is asked for again."""
        if len(self) or not self._is_synced:
            try:
                self._take_state(Fresh(self.target.kind))
            except _Doubt:
                return self._pace.confirm
        self.counters.last_word = self._clock.now()
        self._version, self._since, self._by_list = "", Since.WHATEVER, False
        self._backoff.reset()
        self._failed = 0
        self._set_health(healthy=True)
        return self._pace.absent

    def _doubt(self, fresh: Fresh) -> None:
        """See at the top. Leaves with _Doubt the first time."""
        known, gone = len(self._population), len(self._population.gone(fresh))
        if gone < STORM_LEAST or gone <= STORM_SHARE * known:
            self._confirming = False
            return
        lacks = f"{self.target}: {gone} of {known} that are known are not in the list of the API server any more"
        if self._confirming:
            self._confirming = False
            self._say(f"{lacks}, and a second list says the same: they are removed")
            return
        self.counters.storms += 1
        self._confirming = True
        self._since = Since.NOW
        self._say(f"{lacks}; it is asked again before they are removed")
        raise _Doubt

    def _flush(self) -> None:
        batch = self._population.take()
        self.counters.objects = len(self._population)
        self.counters.flawed += sum(bool(problems) for problems in batch.flaws.values())
        if batch:
            self._tell(batch)

    # --- the watch ---

    async def _watch(self, *, initial: bool) -> None:
        self._verb = "watch"
        self._fresh = Fresh(self.target.kind) if initial else None
        try:
            await self._watching.follow(self._version, initial=initial, opened=self._open, take=self._take)
        except ApiError as error:
            if is_expired(error):
                self._since = Since.NOW if initial else Since.LAST
            elif is_ahead(error):
                self._since = Since.NOW
            raise
        except Garbled:
            self._since = self._since or Since.LAST
            raise

    def _open(self) -> None:
        if self._fresh is not None:
            return  # it says nothing yet
        self._opened_at = self._clock.now()
        if self._failed_closed or not self._failed:
            self._set_health(healthy=True)

    def _take(self, events: Sequence[Event]) -> None:
        try:
            for event in events:
                self._take_one(event)
        finally:
            if self._fresh is None:
                self._flush()
        if self._fresh is None and events:
            self._set_health(healthy=True)

    def _take_one(self, event: Event) -> None:
        match event.type:
            case "ADDED" | "MODIFIED":
                self.counters.events += 1
                self._put(self._decoder.read(event.object))
            case "DELETED":
                self.counters.events += 1
                self._drop(event)
            case "BOOKMARK":
                self.counters.bookmarks += 1
                bookmark = read_bookmark(event.object)
                if self._fresh is None:
                    self._advance(bookmark.version)
                elif bookmark.ends_initial_events:
                    self._end_initial(self._fresh, bookmark.version)
            case "ERROR":
                raise reported(read_status(event.object))
            case _:
                raise Garbled(f"an event of type {event.type[:20]!r} in the watch of {self.target}")

    def _put(self, one: Object | Flawed) -> None:
        if self._fresh is not None:
            self._fresh.add(one)
            return
        self.counters.stale_events += not self._population.put(one, self._version)
        self._advance(one.version if isinstance(one, Flawed) else one.metadata.resource_version)

    def _drop(self, event: Event) -> None:
        identity = self._decoder.identity(event.object)
        if identity is None:
            raise Garbled(f"a deleted object without a name in the watch of {self.target}")
        key = self._decoder.key_of(identity)
        if self._fresh is not None:
            self._fresh.remove(key)
            return
        self.counters.stale_events += not self._population.drop(key, identity)
        self._advance(identity.resource_version)

    def _end_initial(self, fresh: Fresh, version: str) -> None:
        fresh.version = version
        self._take_state(fresh)
        self._fresh = None
        self._watching.awaits_initial = False
        self._open()

    def _advance(self, version: str) -> None:
        """Never back: what comes twice is dropped, but asking for it again would have no end."""
        if version and is_newer(version, self._version):
            self._version = version

    # --- health ---

    def _set_health(self, *, healthy: bool, error: Exception | None = None) -> None:
        denial = None
        if isinstance(error, ApiError) and error.status == 403:
            denial = Denial(self._verb, self.target)
        text = str(denial or error or "")
        before = self.health
        if (healthy, text) == (before.healthy, before.error):
            return
        failing_still = not healthy and not before.healthy and bool(before.error)
        self.health = Health(self.target, healthy, before.since if failing_still else self._clock.now(), text, denial)
        self._told_health(self.health)
