"""Which replica leads: at most one at any time, by a Lease that its holder renews.

A leader counts from before it sent its last renewal, and stops after the renew deadline (10 s), whether or not a
request hangs. Others count from when they last saw the Lease change, and wait for its whole duration (15 s). Only time
that has passed here is counted, so clocks of two machines may differ, and the wall clock may jump. A write carries the
version that was read, so of two that want a free Lease one gets it.

What this cannot promise: a request that the leader had sent before it stopped may still be carried out. Those who write
as leader therefore write so that a late write fails or does no harm.
"""

import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from gateway.base.clock import Clock
from gateway.kube import lease_record
from gateway.kube.api import ReadsAndWrites
from gateway.kube.denials import Denials
from gateway.kube.errors import ApiError, Garbled, Unreachable
from gateway.kube.lease_record import Record
from gateway.kube.resources import path_of
from gateway.settings.election import ElectionSettings

DENIED: Final = 30.0  # seconds between two tries while a right is missing: somebody must grant it first
RETRY_ASKED: Final = 120.0  # the most of a Retry-After that is honoured


class Elector:
    """`run` it in a task; at the end cancel that and call `resign`.

    `identity` must be of this process alone (pod name and a random part): a restarted process is somebody else.
    `changed` hears from `run` that we lead, or do not any more; what it raises is told and ignored. `wall` is only
    written into the Lease, for people.
    """

    def __init__(
        self,
        client: ReadsAndWrites,
        settings: ElectionSettings,
        *,
        namespace: str,
        identity: str,
        clock: Clock,
        wall: Callable[[], datetime],
        uniform: Callable[[], float],
        say: Callable[[str], None],
        changed: Callable[[bool], None],
    ) -> None:
        self._client = client
        self._settings = settings
        self._namespace = namespace
        self._identity = identity
        self._clock = clock
        self._wall = wall
        self._uniform = uniform
        self._say = say
        self._changed = changed
        self._denials = Denials(lambda line: say(f"leader election: {line}"))
        self._name = f"Lease {namespace}/{settings.election_id}"
        self._path = path_of("Lease", namespace, settings.election_id)
        self._until: float | None = None  # while leading: when that ends unless it is renewed
        self._record: Record | None = None  # as last read or written
        self._observed = 0.0  # when what it says last changed, as far as we saw
        self._verb = "get"  # what is being asked for
        self._trouble = ""
        self._stamped: datetime | None = None
        self._unsure = False  # a write of ours may have been carried out without our knowing

    @property
    def leading(self) -> bool:
        """To be asked before each thing that only a leader does. False as soon as the time is over, whoever else has
        had no time to notice.
        """
        return self._until is not None and self._clock.now() < self._until

    @property
    def holder(self) -> str:
        """Who holds the Lease, as far as we know."""
        return self._record.holder if self._record else ""

    async def run(self) -> None:
        """Until cancelled; never raises anything else."""
        while True:
            wait = await self._turn()
            if self._until is not None:
                wait = min(wait, max(0.0, self._until - self._clock.now()))
            await self._clock.sleep(wait)

    async def resign(self) -> None:
        """Not leading from now on, and the Lease is free at once if the API server hears of it in time."""
        held = self._until is not None or self._unsure
        self._lead(None, "shutting down")
        if not held:
            return
        try:
            if self._unsure:
                self._record = await self._read()
            if self._record is not None and self._record.holder == self._identity:
                await self._write("PUT", self._path, lease_record.released(self._record, self._stamp()))
        except (ApiError, Unreachable, Garbled) as error:
            self._say(f"leader election: {self._name} could not be released, others wait until it is over: {error}")

    # --- one turn ---

    async def _turn(self) -> float:
        """One try, and how long to wait before the next."""
        self._expire()
        try:
            if self._until is None:
                await self._attempt()
            else:
                async with self._clock.timeout(self._until - self._clock.now()):
                    await self._attempt()
        except TimeoutError:
            self._trouble = self._trouble or "the API server does not answer"
            wait = 0.0
        except (ApiError, Unreachable, Garbled) as error:
            wait = self._failure(error)
        except Exception:  # noqa: BLE001 -- a bug must not leave the others without a leader, nor us with two
            self._say(f"leader election: internal error:\n{traceback.format_exc()}")
            wait = self._pause()
        else:
            if self._trouble:
                self._say(f"leader election: {self._name} can be used again")
            self._trouble = ""
            wait = self._pause()
        self._expire()
        return wait

    def _expire(self) -> None:
        if self._until is not None and not self.leading:
            self._lead(
                None, f"not renewed for {self._settings.renew_deadline:g} s ({self._trouble or 'time has passed'})"
            )

    def _pause(self) -> float:
        """Leaders come early, others late; neither all at the same moment."""
        period = self._settings.retry_period
        return (
            period * (0.8 + 0.2 * self._uniform()) if self._until is not None else period * (1 + 0.5 * self._uniform())
        )

    def _failure(self, error: ApiError | Unreachable | Garbled) -> float:
        wait = self._pause()
        if self._denials.hear(error, self._verb, "Lease", self._namespace):
            wait = max(wait, DENIED * (0.5 + 0.5 * self._uniform()))
        elif str(error) != self._trouble:
            self._say(f"leader election: {self._name} cannot be used: {error}")
        self._trouble = str(error)
        if isinstance(error, ApiError) and error.retry_after is not None:
            wait = max(wait, min(error.retry_after, RETRY_ASKED))
        return wait

    async def _attempt(self) -> None:
        """Take the Lease or renew it, if that is for us to do."""
        if self._until is not None and self._record is not None:
            if await self._claim(self._record):
                return
        else:
            self._observe(await self._read())
        for _ in range(2):  # once more after somebody was faster: it may have been a label, not a rival
            record = self._record
            if record is not None and record.holder not in ("", self._identity):
                if self._until is not None:
                    self._lead(None, f"{record.holder} has it")
                if self._clock.now() < self._observed + max(self._settings.election_ttl, record.duration):
                    return
            if await self._claim(record):
                return

    async def _claim(self, record: Record | None) -> bool:
        """Write ourselves in. If somebody was faster, `_record` says what stands there now."""
        began = self._clock.now()
        settings = self._settings
        try:
            if record is None:
                body = lease_record.created(
                    self._namespace, settings.election_id, self._identity, settings.election_ttl, self._wall()
                )
                self._verb = "create"
                written = await self._write("POST", path_of("Lease", self._namespace), body)
            else:
                body = lease_record.claimed(record, self._identity, settings.election_ttl, self._stamp())
                self._verb = "update"
                written = await self._write("PUT", self._path, body)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            self._unsure = False
            self._observe(await self._read())
            return False
        self._observe(written)
        self._lead(began + settings.renew_deadline, "")
        return True

    # --- what is known ---

    def _observe(self, record: Record | None) -> None:
        before = self._record
        if record is None or before is None or record.spec != before.spec:
            self._observed = self._clock.now()
        self._record = record

    def _lead(self, until: float | None, why: str) -> None:
        was, self._until = self._until is not None, until
        if was == (until is not None):
            return
        if was:
            self._say(f"leader election: not leading any more, {why}")
        else:
            self._say(f"leader election: leading by {self._name}")
        try:
            self._changed(not was)
        except Exception:  # noqa: BLE001 -- see `run`
            self._say(f"leader election: internal error in a listener:\n{traceback.format_exc()}")

    # --- requests ---

    async def _read(self) -> Record | None:
        self._verb = "get"
        try:
            return lease_record.read(await self._client.get(self._path, timeout=self._patience))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def _write(self, method: str, path: str, body: bytes) -> Record:
        self._unsure = True
        try:
            record = lease_record.read(await self._client.send(method, path, body, timeout=self._patience))
        except ApiError as error:
            self._unsure = error.status >= 500
            raise
        self._unsure = False
        return record

    def _stamp(self) -> datetime:
        """Always later than the last: two renewals that look alike would be no renewal in the eyes of the others."""
        now, last = self._wall(), self._stamped
        self._stamped = last + timedelta(microseconds=1) if last is not None and now <= last else now
        return self._stamped

    @property
    def _patience(self) -> float:
        """Seconds for one request: a leader has time for a second one before it must stop."""
        return self._settings.renew_deadline / 2
