"""The source `names`: what the names that ExternalName Services lead to resolve to, asked again and again.

The resolver of the system tells no time to live, so every name is asked anew after a fixed time. A name that cannot be
resolved any more keeps the addresses that it had: a DNS server that is away for a minute must not take a backend down.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from gateway.base.clock import Clock
from gateway.objects.meta import ObjectKey
from gateway.sources.source import Sink
from gateway.store.events import NAME, Resolved, Synced

Lookup = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name. Raises OSError where it has none."""


class NamePace(Struct, frozen=True, kw_only=True):
    """Bounds. Not settable from outside: tests change some."""

    refresh: float = 10.0  # seconds between two lookups of a name; ingress-nginx looks at each second, from a cache
    patience: float = 2.0  # seconds that a lookup may take
    lookups: int = 16  # at once: each takes a thread that waits
    names: int = 1_000  # more are not followed: a tenant must not make the gateway a load for the DNS
    addresses: int = 64  # of one name


class NamesSource:
    name = "names"
    edited = False

    def __init__(self, lookup: Lookup, *, clock: Clock, pace: NamePace | None = None) -> None:
        self._lookup = lookup
        self._clock = clock
        self._pace = pace or NamePace()
        self._sink: Sink = lambda _events: None
        self._room = asyncio.Semaphore(self._pace.lookups)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._known: dict[str, Resolved] = {}
        self._fresh: set[str] = set()  # nothing is known of them yet
        self._left_out: set[str] = set()

    async def run(self, sink: Sink) -> None:
        self._sink = sink
        sink([Synced(self.name)])
        try:
            await asyncio.Event().wait()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def refer(self, keys: AbstractSet[ObjectKey]) -> None:
        wanted = {key.name for key in keys if key.kind == NAME}
        for host in (self._tasks.keys() | self._left_out) - wanted:
            self._drop(host)
        for host in sorted(wanted - self._tasks.keys()):
            if len(self._tasks) < self._pace.names:
                self._left_out.discard(host)
                self._fresh.add(host)
                self._tasks[host] = asyncio.create_task(self._follow(host), name=f"name {host}")
            elif host not in self._left_out:
                self._left_out.add(host)
                self._tell(Resolved(host, (), f"more than {self._pace.names} names are not followed"))

    @property
    def reading(self) -> bool:
        return bool(self._fresh)

    def _drop(self, host: str) -> None:
        task = self._tasks.pop(host, None)
        if task is not None:
            task.cancel()
        self._fresh.discard(host)
        self._left_out.discard(host)
        if self._known.pop(host, None) is not None:
            self._sink([Resolved(host)])

    async def _follow(self, host: str) -> None:
        while True:
            async with self._room:
                found = await self._resolve(host)
            self._fresh.discard(host)
            self._tell(found)
            await self._clock.sleep(self._pace.refresh)

    async def _resolve(self, host: str) -> Resolved:
        before = self._known.get(host)
        try:
            async with self._clock.timeout(self._pace.patience):
                addresses = await self._lookup(host)
            if addresses:
                return Resolved(host, tuple(sorted(set(addresses))[: self._pace.addresses]))
            problem = "it has no address"
        except TimeoutError:
            problem = f"the DNS has not answered within {self._pace.patience:g} s"
        except OSError as error:
            problem = f"it cannot be resolved ({error.strerror or error})"
        return Resolved(host, before.addresses if before else (), problem)

    def _tell(self, found: Resolved) -> None:
        if self._known.get(found.host) != found:
            self._known[found.host] = found
            self._sink([found])
