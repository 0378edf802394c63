"""Finds out where clients reach us, and goes on doing so. One class per place that says it; each tells None while
nobody knows.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from gateway.base.clock import Clock
from gateway.kube.api import Reads, ReadsAndStreams
from gateway.kube.denials import Denials
from gateway.kube.errors import ApiError, Garbled, Unreachable
from gateway.kube.health import Health
from gateway.kube.population import Batch
from gateway.kube.reflector import Reflector
from gateway.kube.resources import path_of
from gateway.kube.target import Target
from gateway.objects.core import Service
from gateway.settings.values import ObjectName
from gateway.status.addresses import Addresses, NodeAddress, of_nodes, of_service, of_texts
from gateway.status.replicas import REQUEST_SECONDS, Replicas

Tell = Callable[[Addresses | None], None]


class Whereabouts(Protocol):
    async def run(self, tell: Tell) -> None:
        """Until cancelled."""
        ...


class Named:
    """By `--publish-status-address`."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._addresses = of_texts(texts)

    async def run(self, tell: Tell) -> None:
        tell(self._addresses)
        await asyncio.Event().wait()


class PublishedService:
    """By `--publish-service`: a watch of that one Service. Its addresses stay known while the API server is away."""

    def __init__(
        self,
        client: ReadsAndStreams,
        service: ObjectName,
        *,
        clock: Clock,
        uniform: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._client = client
        self._service = service
        self._clock = clock
        self._uniform = uniform
        self._say = say
        self._found = False

    async def run(self, tell: Tell) -> None:
        def hear(batch: Batch) -> None:
            for one in batch.upserts.values():
                if isinstance(one, Service):
                    self._found = True
                    tell(of_service(one))
            if batch.deletes:
                self._found = False
                missing()

        def missing() -> None:
            if not self._found:
                tell(None)
                self._say(
                    f"status: Service {self._service} of --publish-service does not exist; until it does, no address "
                    "is written"
                )

        def health(state: Health) -> None:
            if not state.healthy:
                self._say(f"status: {state}")

        target = Target("Service", self._service.namespace, self._service.name)
        await Reflector(
            self._client,
            target,
            tell=hear,
            synced=missing,
            health=health,
            say=self._say,
            clock=self._clock,
            uniform=self._uniform,
        ).run()


class _NodeStatus(Struct, frozen=True):
    addresses: tuple[NodeAddress, ...] = ()


class _Node(Struct, frozen=True):
    status: _NodeStatus = _NodeStatus()


_NODE: Final = msgspec.json.Decoder(_Node)


class PodNodes:
    """The nodes of our ready pods, asked for again and again. While none is ready nothing is known: a restart must not
    take the addresses away for a moment.
    """

    def __init__(
        self,
        client: Reads,
        replicas: Replicas,
        *,
        internal: bool,
        interval: float,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._client = client
        self._replicas = replicas
        self._internal = internal
        self._interval = interval
        self._clock = clock
        self._say = say
        self._denials = Denials(lambda line: say(f"status: {line}"))
        self._trouble = ""

    async def run(self, tell: Tell) -> None:
        while True:
            try:
                addresses = await self._find()
            except (ApiError, Unreachable, Garbled) as error:
                self._hear(str(error))
            else:
                self._hear("" if addresses else "no node of ours is known: no pod of ours is ready, or we run in none")
                if addresses:
                    tell(addresses)
            await self._clock.sleep(self._interval)

    async def _find(self) -> Addresses:
        try:
            pods = await self._replicas.pods()
        except ApiError as error:
            self._denials.hear(error, "list", "Pod", self._replicas.namespace)
            raise
        names = sorted({pod.spec.node_name for pod in pods if pod.ready and pod.spec.node_name})
        return of_nodes([await self._node(name) for name in names], internal=self._internal)

    async def _node(self, name: str) -> tuple[NodeAddress, ...]:
        try:
            body = await self._client.get(path_of("Node", None, name), timeout=REQUEST_SECONDS)
            return _NODE.decode(body).status.addresses
        except ApiError as error:
            if error.status == 404:
                return ()
            self._denials.hear(error, "get", "Node")
            raise
        except msgspec.MsgspecError as error:
            raise Garbled(f"what came is no node: {error}") from error

    def _hear(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            self._say(f"status: addresses of nodes cannot be found out: {trouble}")
        self._trouble = trouble
