"""Keeps `status.loadBalancer` of all that is served here at our addresses: looks whenever something may have changed.

Wiring, all from within the event loop:

- `served()` gives every Ingress that is served, `find(name)` any that exists, each as last seen: see `ingresses.py`.
- `coverage` hears what was offered to the data plane and what it accepted. Nothing is written of what it lacks.
- `located(addresses)` tells where clients reach us; None while nobody knows, and then what stands there stays.
- `look()` after an acknowledgement, a change of leadership, an Ingress that came, changed (its status, too) or left.
- at the end: cancel `run`, then `finish()`, and only then give the Lease back.

A replica that does not lead looks as well, so that it knows what was given once it does. What it has never seen served
here it cannot take back: an Ingress that changes its class while no replica runs keeps its addresses.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from gateway.base.backoff import Backoff
from gateway.base.clock import Clock
from gateway.kube.errors import ApiError
from gateway.settings.status import StatusPace, StatusSettings
from gateway.status.addresses import Addresses
from gateway.status.coverage import Coverage, Name
from gateway.status.plan import Patch, Seen, Written, clearing, plan
from gateway.status.writer import Round, Writer

RETRY_ASKED: Final = 120.0  # seconds; the most of a Retry-After that is honoured


class Reporter:
    """`leading` is asked before every write. `alone` says whether no other replica is left, None if nobody knows."""

    def __init__(
        self,
        writer: Writer,
        settings: StatusSettings,
        *,
        served: Callable[[], Iterable[Seen]],
        find: Callable[[Name], Seen | None],
        coverage: Coverage,
        leading: Callable[[], bool],
        alone: Callable[[], Awaitable[bool | None]],
        clock: Clock,
        uniform: Callable[[], float],
        say: Callable[[str], None],
        pace: StatusPace | None = None,
    ) -> None:
        self._writer = writer
        self._settings = settings
        self._served = served
        self._find = find
        self._coverage = coverage
        self._leading = leading
        self._alone = alone
        self._clock = clock
        self._say = say
        self._pace = pace or StatusPace()
        self._backoff = Backoff(first=self._pace.retry_first, longest=self._pace.retry_longest, uniform=uniform)
        self._addresses: Addresses | None = None
        self._given: dict[str, tuple[Name, Addresses]] = {}
        self._written: dict[str, Written] = {}
        self._refused: dict[str, str] = {}
        self._awake = asyncio.Event()
        self._trouble = ""
        self.writes = 0
        """How many Ingresses were given or relieved of addresses."""

    def look(self) -> None:
        """Something may have changed. Cheap; many calls are one look."""
        self._awake.set()

    def located(self, addresses: Addresses | None) -> None:
        if addresses != self._addresses:
            self._addresses = addresses
            self.look()

    async def run(self) -> None:
        """Until cancelled. Does nothing where status is switched off."""
        while self._settings.update_status:
            await self._rest()
            wait = self._judge(await self._round())
            if wait:
                await self._clock.sleep(wait)
                self.look()
        await asyncio.Event().wait()

    async def finish(self) -> None:
        """Take our addresses out if nobody is left who answers at them. Bounded in time."""
        settings = self._settings
        if not (settings.update_status and settings.update_status_on_shutdown and self._leading()):
            return
        self._plan()
        if not self._given:
            return
        try:
            async with self._clock.timeout(self._pace.shutdown):
                await self._clear()
        except TimeoutError:
            self._say(
                f"status: the {self._pace.shutdown:g} s for taking addresses out of {len(self._given)} Ingresses are "
                "over; some may keep them"
            )

    async def _clear(self) -> None:
        alone = await self._alone()
        if not alone:
            why = "other replicas serve on" if alone is False else "nobody can tell whether other replicas serve on"
            self._say(f"status: addresses stay in {len(self._given)} Ingresses, as {why}")
            return
        patches = clearing(self._given, self._find, self._written)
        before = self.writes
        self._take(patches, await self._writer.write(patches, self._leading, paced=False))
        self._say(f"status: addresses taken out of {self.writes - before} of {len(patches)} Ingresses")

    # --- one look ---

    async def _rest(self) -> None:
        try:
            async with self._clock.timeout(self._settings.status_update_interval):
                await self._awake.wait()
            await self._clock.sleep(self._pace.settle)
        except TimeoutError:
            pass
        self._awake.clear()

    def _plan(self) -> tuple[Patch, ...]:
        made = plan(
            self._served(),
            self._coverage.holds,
            self._addresses,
            given=self._given,
            find=self._find,
            written=self._written,
            clear_unserved=self._settings.clear_unserved,
        )
        self._given = dict(made.given)
        return made.patches

    async def _round(self) -> Round | None:
        self._forget()
        patches = [one for one in self._plan() if self._refused.get(one.target.uid) != one.target.resource_version]
        if not patches or not self._leading():
            return None
        done = await self._writer.write(patches, self._leading)
        self._take(patches, done)
        return done

    def _take(self, patches: Iterable[Patch], done: Round) -> None:
        self.writes += len(done.written)
        for patch in patches:
            if patch.target.uid in done.written:
                self._given[patch.target.uid] = (patch.target.key, patch.addresses)
        self._written.update(done.written)
        self._refused.update(done.refused)

    def _forget(self) -> None:
        """What was seen since is remembered by the store."""
        current = {one.uid: one.resource_version for one in self._served()}
        for uid, (key, _) in self._given.items():
            one = self._find(key)
            if one is not None:
                current.setdefault(uid, one.resource_version)
        self._written = {uid: one for uid, one in self._written.items() if current.get(uid) == one.before}
        self._refused = {uid: version for uid, version in self._refused.items() if current.get(uid) == version}

    def _judge(self, done: Round | None) -> float:
        """How long to wait before the next look, 0 if nothing is wrong."""
        failure = done.failure if done else None
        if failure is None:
            if done is not None:
                self._backoff.reset()
                if self._trouble:
                    self._say("status: the API server takes it again")
                self._trouble = ""
            return 0.0
        if str(failure) != self._trouble:
            self._trouble = str(failure)
            self._say(f"status: not written, will be tried again: {failure}")
        wait = self._backoff.next()
        if isinstance(failure, ApiError):
            if failure.status == 403:
                wait = self._pace.retry_longest
            if failure.retry_after is not None:
                wait = max(wait, min(failure.retry_after, RETRY_ASKED))
        return wait
