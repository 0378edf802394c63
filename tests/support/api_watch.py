"""One watch that a fake API server serves. What it sends is queued; a test may send anything, stop or reset it."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterable, Mapping

import orjson
from aiohttp import web

from gateway.kube.resources import Resource
from tests.support.api_store import Happened, Raw, matches


class Watch:
    def __init__(
        self,
        request: web.Request,
        response: web.StreamResponse,
        resource: Resource,
        namespace: str,
        query: Mapping[str, str],
        *,
        bookmarks: bool,
    ) -> None:
        self.resource = resource
        self.query = query
        self.seen = 0
        """Version of the newest change that was sent."""
        self.silent = False
        """Nothing of what happens is sent any more, though the connection stays."""
        self._request = request
        self._response = response
        self._namespace = namespace
        self._bookmarks = bookmarks
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def run(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client left
            while (part := await self._queue.get()) is not None:
                await self._response.write(part)

    def send(self, part: bytes) -> None:
        """Any bytes."""
        self._queue.put_nowait(part)

    def send_since(self, history: Iterable[Happened]) -> None:
        if self.silent:
            return
        for one in history:
            if one.version > self.seen and one.name.kind == self.resource.kind:
                self.send_event(one)
            self.seen = max(self.seen, one.version)

    def send_event(self, one: Happened) -> None:
        """Also one that was sent before."""
        if self._namespace not in ("", one.object["metadata"].get("namespace", "")):
            return
        kind, matched = one.type, one.before is not None and matches(one.before, self.query)
        if matches(one.object, self.query):
            self._line("ADDED" if kind == "MODIFIED" and one.before and not matched else kind, one.object)
        elif matched:
            self._line("DELETED", one.object)

    def send_bookmark(self, version: int, *, ends_initial_events: bool = False) -> None:
        if not (self._bookmarks or ends_initial_events) or self.silent:
            return
        meta: Raw = {"resourceVersion": str(version), "creationTimestamp": None}
        if ends_initial_events:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        self._line("BOOKMARK", {"kind": self.resource.kind, "apiVersion": self.resource.api_version, "metadata": meta})

    def send_status(self, code: int, reason: str, message: str) -> None:
        value = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        self._line("ERROR", {**value, "code": code, "reason": reason, "message": message})

    def end(self) -> None:
        """The stream ends as it should."""
        self._queue.put_nowait(None)

    def reset(self) -> None:
        if self._request.transport is not None:
            raw = self._request.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._request.transport.abort()
        self.end()

    def _line(self, kind: str, value: Raw) -> None:
        self.send(orjson.dumps({"type": kind, "object": value}) + b"\n")
