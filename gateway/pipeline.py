"""The loop: sources, store, a short quiet period, translate, encode, publish. Holds no rule of its own.

Nothing is published before every source has told all it had, nor while a Secret that is newly referred to is being read
(for a while: then its verdict says that it could not be read). An exception in translate or encode is our bug: it is
logged, the last good snapshot stays, and whatever did not cause it goes on.
"""

import asyncio
import functools
import traceback
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, Protocol

import msgspec

from gateway.encode.digest import Digest
from gateway.encode.tree import Tree
from gateway.ir.changes import Changes
from gateway.objects.meta import ObjectKey
from gateway.publish.outcome import Cause
from gateway.settings.control import PaceSettings
from gateway.sources.source import Source
from gateway.store.events import Delete, Event, Judged, Synced, Upsert
from gateway.verdicts.verdict import ObjectRef

_MANY: Final = frozenset({"EndpointSlice"})  # they change all the time, and what changed by it says more than they do


class Store(Protocol):
    def apply(self, events: Sequence[Event]) -> None: ...
    def take_dirty(self) -> Collection[ObjectKey]: ...


class Translator(Protocol):
    def references(self) -> frozenset[ObjectKey]: ...
    @property
    def idle(self) -> bool:
        """The last update has changed nothing, verdicts included."""
        ...

    def update(self, dirty: Collection[ObjectKey]) -> Changes: ...


class Pipeline:
    """`offer` hears that the tree has a new root; `judged` that verdicts may have changed, and says whether any has;
    `unchanged` hears of a change that brought neither; `complain` of our own mistakes. `heard` hears all events, and
    `done` the root after each translation, changed or not, before it is offered.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        store: Store,
        translator: Translator,
        tree: Tree,
        *,
        offer: Callable[[Cause], None],
        unchanged: Callable[[Cause], None],
        judged: Callable[[], bool],
        complain: Callable[[str], None],
        heard: Callable[[Sequence[Event]], None] = lambda _events: None,
        done: Callable[[Digest], None] = lambda _root: None,
        pace: PaceSettings,
        monotonic: Callable[[], float],
    ) -> None:
        self._sources = sources
        self._store = store
        self._translator = translator
        self._tree = tree
        self._offer = offer
        self._unchanged = unchanged
        self._judged = judged
        self._heard = heard
        self._done = done
        self._pace = pace
        self._monotonic = monotonic
        self._complain = complain
        self._awaited = {source.name for source in sources}
        self._event = asyncio.Event()
        self._cause: Cause | None = None
        self._owed: list[Changes] = []
        self._said = False  # a source passed a judgement
        self._hold_until: float | None = None  # for what is being read
        self._references: frozenset[ObjectKey] = frozenset()

    async def run(self) -> None:
        """Until cancelled. A source that raises has a bug and ends the process: it is started afresh, and the data
        plane serves on meanwhile.
        """
        async with asyncio.TaskGroup() as tasks:
            for source in self._sources:
                sink = functools.partial(self.sink, edited=source.edited)
                tasks.create_task(source.run(sink), name=f"source {source.name}")
            tasks.create_task(self._loop(), name="pipeline")

    def sink(self, events: Sequence[Event], *, edited: bool = True) -> None:
        """What a source tells. Cheap: the work is done once the burst is over."""
        if not events:
            return
        self._store.apply(events)
        self._heard(events)
        self._awaited.difference_update(event.source for event in events if isinstance(event, Synced))
        cause = Cause.of(self._monotonic(), _origins(events), edited=edited)
        self._cause = cause if self._cause is None else self._cause.joined(cause)
        self._said = self._said or any(isinstance(event, Judged) for event in events)
        self._event.set()

    async def _loop(self) -> None:
        while True:
            await self._burst()
            if self._awaited:
                continue
            cause, self._cause = self._cause, None
            if cause is not None and not self._turn(cause):
                self._cause = cause if self._cause is None else cause.joined(self._cause)

    async def _burst(self) -> None:
        """Wait for an event, then until none has come for a while, but not for ever."""
        await self._event.wait()
        self._event.clear()
        end = self._monotonic() + self._pace.hold
        while (left := min(self._pace.quiet, end - self._monotonic())) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._event.wait()
            except TimeoutError:
                return
            self._event.clear()

    def _turn(self, cause: Cause) -> bool:
        """False if it is to be done again, when what is being read has come."""
        owed = bool(self._owed) or self._said or cause.edited
        self._owed += self._translate(self._store.take_dirty())
        if self._translator.idle and not owed:  # as with most EndpointSlices of a cluster: nobody refers to them
            self._owed.clear()
            return True
        if self._is_held():
            return False
        self._said = False
        self._publish(cause)
        return True

    def _is_held(self) -> bool:
        references = self._translator.references()
        if references != self._references:
            self._references = references
            for source in self._sources:
                source.refer(references)
        if not any(source.reading for source in self._sources):
            self._hold_until = None
            return False
        now = self._monotonic()
        if self._hold_until is None:
            longest = self._pace.first_reading if self._tree.root is None else self._pace.reading
            self._hold_until = now + longest
            asyncio.get_running_loop().call_later(longest, self._event.set)
        if now < self._hold_until:
            return True
        self._hold_until = None
        return False

    def _publish(self, cause: Cause) -> None:
        before = self._tree.root
        news = self._judged()
        if not self._owed:
            return
        try:
            publication = self._tree.apply(_merged(self._owed))
        except Exception:  # noqa: BLE001 - see above
            self._complain(f"internal error while encoding; the last snapshot stays:\n{traceback.format_exc()}")
            return
        self._owed.clear()
        for unit, error in publication.failures:
            self._complain(f"internal error while encoding {unit}; it stays as it was:\n{_trace(error)}")
        self._done(publication.root)
        if publication.root != before:
            self._offer(cause)
        elif not news:
            self._unchanged(cause)

    def _translate(self, dirty: Collection[ObjectKey]) -> list[Changes]:
        try:
            return [self._translator.update(dirty)]
        except Exception:  # noqa: BLE001 - see above
            self._complain(
                f"internal error while translating {len(dirty)} objects, which are now taken one by one:\n"
                f"{traceback.format_exc()}"
            )
        done: list[Changes] = []
        for key in sorted(dirty):
            try:
                done.append(self._translator.update({key}))
            except Exception as error:  # noqa: BLE001 - see above
                self._complain(
                    f"internal error while translating {key.kind} {key.namespace}/{key.name}; "
                    f"it stays as it was: {type(error).__name__}: {error}"
                )
        return done


def _merged(parts: Sequence[Changes]) -> Changes:
    """Later parts win."""
    last = parts[-1]
    return msgspec.structs.replace(
        last,
        hosts={key: value for part in parts for key, value in part.hosts.items()},
        backends={key: value for part in parts for key, value in part.backends.items()},
        certificates={key: value for part in parts for key, value in part.certificates.items()},
    )


def _origins(events: Iterable[Event]) -> Iterable[str]:
    for event in events:
        match event:
            case Upsert(origin=origin) if origin is not None:
                yield origin.file
            case Upsert(key=key) if key.kind not in _MANY:
                yield str(ObjectRef(*key))
            case Delete(key=key) if key.kind not in _MANY:
                yield f"{ObjectRef(*key)} deleted"
            case Judged(place=place):
                yield place


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
