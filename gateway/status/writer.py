"""Carries patches of status out: some at a time, so many a second, and none against a newer version unseen.

A patch is an RFC 7396 merge patch on the subresource `status` with the version that was seen: a write of a leader that
has been replaced meanwhile fails. Server-side apply would need no version, and let that late write win.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from gateway.base.bucket import Bucket
from gateway.base.clock import Clock
from gateway.kube.api import MERGE_PATCH, ReadsAndWrites
from gateway.kube.denials import Denials
from gateway.kube.errors import ApiError, Garbled, Unreachable
from gateway.kube.resources import path_of
from gateway.objects.ingress import IngressStatus
from gateway.objects.meta import Metadata
from gateway.settings.status import StatusPace
from gateway.status.addresses import same
from gateway.status.plan import Patch, Seen, Written

REQUEST_SECONDS: Final = 10.0


class Round(Struct):
    """What came of a number of patches. `failure` is why it ended early, None if it did not."""

    written: dict[str, Written]
    refused: dict[str, str]
    """Uid and version of what the API server found invalid: it would again."""
    failure: ApiError | Unreachable | Garbled | None = None


class _Head(Struct, frozen=True):
    metadata: Metadata
    status: IngressStatus = IngressStatus()


class _List(Struct, frozen=True):
    items: tuple[_Head, ...] = ()


_LIST: Final = msgspec.json.Decoder(_List)


class Writer:
    def __init__(self, client: ReadsAndWrites, pace: StatusPace, *, clock: Clock, say: Callable[[str], None]) -> None:
        self._client = client
        self._pace = pace
        self._clock = clock
        self._say = say
        self._bucket = Bucket(per_second=pace.per_second, burst=pace.burst, clock=clock)
        self._denials = Denials(lambda line: say(f"status: {line}"))

    async def write(self, patches: Iterable[Patch], may: Callable[[], bool], *, paced: bool = True) -> Round:
        """All of them, as long as `may` holds and the API server takes them. Raises nothing of its own."""
        done = Round({}, {})
        queue = iter(patches)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._pace.concurrency):
                tasks.create_task(self._work(queue, may, done, paced=paced))
        return done

    async def _work(self, queue: Iterator[Patch], may: Callable[[], bool], done: Round, *, paced: bool) -> None:
        for patch in queue:
            if paced and (wait := self._bucket.take()):
                await self._clock.sleep(wait)
            if done.failure is not None or not may():
                return
            try:
                await self._write(patch, done)
            except (ApiError, Unreachable, Garbled) as error:
                done.failure = done.failure or error
                return

    async def _write(self, patch: Patch, done: Round) -> None:
        target = patch.target
        for _ in range(self._pace.attempts):
            try:
                await self._send(target, patch)
            except ApiError as error:
                if error.status == 409:
                    fresh = await self._read(target)
                    if fresh is None or fresh.uid != target.uid:
                        return
                    if patch.instead_of is not None and not same(fresh.observed, patch.instead_of):
                        return
                    if same(fresh.observed, patch.addresses):
                        break
                    target = fresh
                    continue
                if error.status == 404:
                    return
                if error.status not in (400, 422):
                    self._denials.hear(error, "patch", "Ingress", subresource="status")
                    raise
                done.refused[target.uid] = patch.target.resource_version
                self._say(f"status: Ingress {target.namespace}/{target.name} does not take its addresses: {error}")
                return
            break
        else:
            return  # too many others write to it; the next round sees what came of it
        done.written[target.uid] = Written(patch.target.resource_version, patch.addresses)

    async def _send(self, target: Seen, patch: Patch) -> None:
        body = msgspec.json.encode(
            {
                "metadata": {"resourceVersion": target.resource_version},
                "status": {"loadBalancer": {"ingress": patch.addresses or None}},
            }
        )
        path = path_of("Ingress", target.namespace, target.name, "status")
        await self._client.send("PATCH", path, body, content_type=MERGE_PATCH, timeout=REQUEST_SECONDS)

    async def _read(self, target: Seen) -> Seen | None:
        """As it is now. By a list, since that is a right that a watcher has, and `get` may not be."""
        query = {"fieldSelector": f"metadata.name={target.name}"}
        path = path_of("Ingress", target.namespace)
        body = await self._client.get(path, query, timeout=REQUEST_SECONDS)
        try:
            items = _LIST.decode(body).items
        except msgspec.MsgspecError as error:
            raise Garbled(f"what came is no list of Ingresses: {error}") from error
        if not items:
            return None
        meta = items[0].metadata
        return Seen(
            target.namespace, target.name, meta.uid, meta.resource_version, items[0].status.load_balancer.ingress
        )
