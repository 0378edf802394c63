"""The loop: sources, store, a short quiet period, translate, encode, publish. Holds no rule of its own.

Nothing is published before every source has told all it had. An exception in translate or encode is our bug: it is
logged, the last good snapshot stays, and whatever did not cause it goes on.
"""

import asyncio
import traceback
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

import msgspec

from gateway.encode.tree import Tree
from gateway.ir.changes import Changes
from gateway.objects.meta import ObjectKey
from gateway.publish.outcome import Cause
from gateway.settings.control import PaceSettings
from gateway.sources.source import Source
from gateway.store.events import Delete, Event, Judged, Synced, Upsert
from gateway.verdicts.verdict import ObjectRef


class Store(Protocol):
    def apply(self, events: Sequence[Event]) -> None: ...
    def take_dirty(self) -> Collection[ObjectKey]: ...


class Translator(Protocol):
    def update(self, dirty: Collection[ObjectKey]) -> Changes: ...


class Pipeline:
    """`offer` hears that the tree has a new root; `judged` that verdicts may have changed, and says whether any has;
    `unchanged` hears of a change that brought neither; `complain` of our own mistakes.
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
        self._pace = pace
        self._monotonic = monotonic
        self._complain = complain
        self._awaited = {source.name for source in sources}
        self._event = asyncio.Event()
        self._cause: Cause | None = None
        self._owed: list[Changes] = []

    async def run(self) -> None:
        """Until cancelled. A source that raises has a bug and ends the process: it is started afresh, and the data
        plane serves on meanwhile.
        """
        async with asyncio.TaskGroup() as tasks:
            for source in self._sources:
                tasks.create_task(source.run(self.sink), name=f"source {source.name}")
            tasks.create_task(self._loop(), name="pipeline")

    def sink(self, events: Sequence[Event]) -> None:
        """What a source tells. Cheap: the work is done once the burst is over."""
        if not events:
            return
        self._store.apply(events)
        self._awaited.difference_update(event.source for event in events if isinstance(event, Synced))
        cause = Cause(self._monotonic(), tuple(dict.fromkeys(_origins(events))))
        self._cause = cause if self._cause is None else self._cause.joined(cause)
        self._event.set()

    async def _loop(self) -> None:
        while True:
            await self._burst()
            if self._awaited:
                continue
            cause, self._cause = self._cause, None
            if cause is not None:
                self._turn(cause)

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

    def _turn(self, cause: Cause) -> None:
        before = self._tree.root
        self._owed += self._translate(self._store.take_dirty())
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
            case Delete(key=key):
                yield f"{ObjectRef(*key)} deleted"
            case Judged(place=place):
                yield place


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
