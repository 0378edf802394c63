"""The source `kubernetes`: the objects of a cluster, and their changes as they happen.

One reflector for each kind, and one for each Secret that is referred to. What was told stays while the API server
cannot be reached. Nothing is synced before every kind has been, as half a cluster would look like deleted objects.
"""

import asyncio
import functools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from gateway.base.clock import Clock, SystemClock
from gateway.kube.api import ReadsAndStreams
from gateway.kube.health import Counters, Health
from gateway.kube.pace import Pace
from gateway.kube.population import Batch
from gateway.kube.reflector import Reflector
from gateway.kube.target import Target
from gateway.kube.watching import InitialEvents
from gateway.objects.core import EndpointSlice
from gateway.objects.kinds import Object
from gateway.objects.meta import ObjectKey
from gateway.settings.values import ObjectName
from gateway.settings.watch import WatchPace, WatchSettings
from gateway.sources.contact import Contact
from gateway.sources.judging import events_of
from gateway.sources.referenced import ReferencedSecrets
from gateway.sources.selected import Selected
from gateway.sources.source import Sink
from gateway.sources.sparing import SparingClient
from gateway.store.events import Event, Synced, Unread
from gateway.store.store import SERVICE_LABEL

NAMESPACED: Final = ("Ingress", "Service", "EndpointSlice")
# Without the right to read these everything else is served on, as in ingress-nginx; the verdicts say what that costs.
OPTIONAL: Final = frozenset({"IngressClass", "ConfigMap", "ReferenceGrant"})


class KubernetesSource:
    """`server` is the API server's URL, for messages. `default_backend` is told from whatever namespace it is in."""

    name = "kubernetes"
    edited = False

    def __init__(
        self,
        client: ReadsAndStreams,
        server: str,
        watch: WatchSettings,
        *,
        default_backend: ObjectName | None = None,
        say: Callable[[str], None],
        clock: Clock | None = None,
        uniform: Callable[[], float] = random.random,
        pace: WatchPace = WatchPace(),  # noqa: B008 -- frozen
        reflecting: Pace | None = None,
    ) -> None:
        self._client = client
        self._watch = watch
        self._default_backend = default_backend
        self._say = say
        self._clock = clock or SystemClock()
        self._uniform = uniform
        self._reflecting = reflecting
        self._initial_events = InitialEvents()
        self._sink: Sink = lambda _events: None
        self._secret_counters = Counters()  # of all their reflectors, also of those that have gone
        self._sparing = SparingClient(client, clock=self._clock, pace=pace)
        self._secrets = ReferencedSecrets(functools.partial(self._reflect, self._sparing), clock=self._clock, pace=pace)
        self._contact = Contact(server, say=say, clock=self._clock, age=self.age, remind=pace.remind)
        self._selected = Selected(self._is_exempt) if watch.watch_namespace_selector else None
        self._reflectors = [self._of_kind(target) for target in targets(watch, default_backend)]
        self._unsynced = {reflector.target for reflector in self._reflectors}
        self._is_synced = False

    async def run(self, sink: Sink) -> None:
        self._sink = sink
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._secrets.run(sink), name="secrets")
            tasks.create_task(self._contact.run(), name="contact")
            for reflector in self._reflectors:
                tasks.create_task(reflector.run(), name=str(reflector.target))

    def refer(self, keys: AbstractSet[ObjectKey]) -> None:
        # ConfigMaps that flags name are watched in any case.
        watched = {(one.target.kind, one.target.namespace, one.target.name) for one in self._reflectors}
        kinds = ("Secret", "ConfigMap")
        self._secrets.refer(frozenset(key for key in keys if key.kind in kinds and key not in watched))

    @property
    def reading(self) -> bool:
        return self._secrets.reading

    @property
    def stale(self) -> str:
        """Why the API server cannot be watched just now; empty when it can."""
        return self._contact.stale

    def counters(self) -> Mapping[str, Counters]:
        """By kind, summed over its reflectors."""
        found: dict[str, Counters] = {}
        for one in self._reflectors:
            found[one.target.kind] = one.counters + found.get(one.target.kind, Counters())
        found["Secret"] = msgspec.structs.replace(self._secret_counters, objects=len(self._secrets))
        return found

    @property
    def away(self) -> bool:
        """Nothing at all can be watched: it is the API server, and not one kind."""
        return self._contact.lost >= {one.target for one in self._reflectors}

    def age(self) -> float | None:
        """Seconds since the API server last said anything of any kind; None if it never did."""
        words = [one.counters.last_word for one in self._reflectors]
        last = max((word for word in words if word is not None), default=None)
        return None if last is None else max(0.0, self._clock.now() - last)

    # --- reflectors ---

    def _reflect(
        self,
        client: ReadsAndStreams,
        target: Target,
        tell: Callable[[Batch], None],
        synced: Callable[[], None],
        health: Callable[[Health], None],
    ) -> Reflector:
        return Reflector(
            client,
            target,
            tell=tell,
            synced=synced,
            health=health,
            say=lambda line: self._say(f"cluster: {line}"),
            initial_events=self._initial_events,
            clock=self._clock,
            uniform=self._uniform,
            pace=self._reflecting,
            counters=self._secret_counters if target.kind == "Secret" else None,
        )

    def _of_kind(self, target: Target) -> Reflector:
        return self._reflect(
            self._client,
            target,
            lambda batch: self._tell(list(self._events(target, batch))),
            lambda: self._set_synced(target),
            lambda health: self._hear(target, health),
        )

    def _tell(self, events: Sequence[Event]) -> None:
        if events:
            self._sink(events)

    def _events(self, target: Target, batch: Batch) -> Iterator[Event]:
        if self._selected is None or (target.kind != "Namespace" and target.kind not in NAMESPACED):
            return events_of(batch)
        return self._selected.namespaces(batch) if target.kind == "Namespace" else self._selected.objects(batch)

    def _is_exempt(self, key: ObjectKey, value: Object) -> bool:
        named = self._default_backend
        if named is None or key.namespace != named.namespace:
            return False
        if isinstance(value, EndpointSlice):
            return value.metadata.labels.get(SERVICE_LABEL) == named.name
        return key.kind == "Service" and key.name == named.name

    # --- what reflectors tell ---

    def _set_synced(self, target: Target) -> None:
        self._unsynced.discard(target)
        if not self._unsynced and not self._is_synced:
            self._is_synced = True
            self._sink([Synced(self.name)])

    def _hear(self, target: Target, health: Health) -> None:
        self._contact.hear(health)
        self._sparing.set_away(self.away)
        if target.kind not in OPTIONAL:
            return
        key = ObjectKey(target.kind, target.namespace, target.name)
        if health.denial is not None:
            reason, _, fix = health.error.partition("; ")
            self._sink([Unread(key, reason, fix)])
            self._set_synced(target)
        elif health.healthy:
            self._sink([Unread(key)])


def targets(watch: WatchSettings, default_backend: ObjectName | None) -> list[Target]:
    """What is watched from the start: rights to list and watch these are needed, and no others."""
    namespace = watch.watch_namespace
    found = [Target("IngressClass"), *(Target(kind, namespace) for kind in NAMESPACED)]
    found.append(Target("ReferenceGrant", namespace))
    if watch.watch_namespace_selector:
        found.append(Target("Namespace", labels=watch.watch_namespace_selector))
    if namespace and default_backend is not None and default_backend.namespace != namespace:
        elsewhere, name = default_backend.namespace, default_backend.name
        found.append(Target("Service", elsewhere, name))
        found.append(Target("EndpointSlice", elsewhere, labels=f"{SERVICE_LABEL}={name}"))
    maps = (watch.configmap, watch.tcp_services_configmap, watch.udp_services_configmap)
    found += [Target("ConfigMap", one.namespace, one.name) for one in dict.fromkeys(maps) if one is not None]
    return found
