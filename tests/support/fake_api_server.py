"""An API server on a real loopback socket: lists, watches and writes over `api_store`, and the faults of `api_faults`.

It does what Kubernetes does as far as clients of ours can tell the difference: versions, selectors, pages with tokens,
bookmarks, initial events, expired versions, conflicts, merge patches. It checks no rights and no schema.
"""

import asyncio
import base64
import contextlib
import re
import socket
import ssl
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NamedTuple

import orjson
from aiohttp import web

from gateway.kube.resources import Resource
from tests.support.api_faults import Answer, Body, Fault, Faults, Gate, Reset, Silence
from tests.support.api_store import ApiStore, Happened, Name, Raw, matches, resource_of_path
from tests.support.api_watch import Watch
from tests.support.api_writes import RefusalError, write

PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>v[^/]+)(?:/namespaces/(?P<namespace>[^/]+)(?=/))?"
    r"/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[a-z]+))?"
)
WRITES = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Request(NamedTuple):
    verb: str
    resource: str
    namespace: str
    name: str
    subresource: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class FakeApiServer:
    """Made by `serving`. Everything happens on the event loop of the test."""

    def __init__(self) -> None:
        self.store = ApiStore()
        self.faults = Faults()
        self.initial_events = "on"
        """`on`; `off`: the parameters are ignored, as old servers do; `refused`: 422."""
        self.bookmarks = True
        self.seen: list[Request] = []
        self.watches: list[Watch] = []
        """Those that are open."""
        self.url = ""
        self.peers: list[str] = []
        """The common name of the client certificate of each request that came with one."""
        self._pages: dict[str, list[Raw]] = {}
        self._changed = asyncio.Condition()
        self._sockets: list[asyncio.Transport] = []

    # --- what tests look at ---

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        """By verb and resource."""
        return Counter((one.verb, one.resource) for one in self.seen)

    async def until(self, true: Callable[[], object]) -> None:
        """Until that holds; looked at whenever a request comes or a watch opens or closes."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(true()))

    async def watched(self, resource: str, times: int = 1) -> Watch:
        """The newest open watch, once so many are open."""
        await self.until(lambda: len(self.of(resource)) >= times)
        return self.of(resource)[-1]

    def of(self, resource: str) -> list[Watch]:
        return [watch for watch in self.watches if watch.resource.plural == resource]

    # --- what tests do ---

    def apply(self, kind: str, name: str, namespace: str = "default", **content: Any) -> Raw:
        """Create or replace an object."""
        value = self.store.apply(kind, name, namespace, **content)
        self.spread()
        return value

    def delete(self, kind: str, name: str, namespace: str = "default") -> None:
        self.store.delete(kind, name, namespace)
        self.spread()

    def spread(self) -> None:
        """Tell the watches what happened since."""
        for watch in self.watches:
            watch.send_since(self.store.history)

    def send_bookmarks(self) -> None:
        for watch in self.watches:
            watch.send_bookmark(self.store.version)

    def end_watches(self) -> None:
        """As servers do when the time of a watch is over."""
        for watch in list(self.watches):
            watch.end()

    def expire_tokens(self) -> None:
        self._pages.clear()

    def drop_connections(self) -> None:
        """Reset every connection there is."""
        for watch in list(self.watches):
            watch.reset()

    # --- serving ---

    async def handle(self, request: web.Request) -> web.StreamResponse:
        found = PATH.fullmatch(request.path)
        resource = resource_of_path(found["group"] or "", found["plural"]) if found else None
        if found is None or resource is None or resource.version != found["version"]:
            return status(404, "NotFound", "the server could not find the requested resource")
        query = dict(request.query)
        name, namespace = found["name"] or "", found["namespace"] or ""
        verb = WRITES.get(request.method) or ("get" if name else "watch" if query.get("watch") == "true" else "list")
        body = await request.read()
        asked = Request(verb, resource.plural, namespace, name, found["sub"] or "", query, request.headers, body)
        self.seen.append(asked)
        if name_of_peer := peer_of(request):
            self.peers.append(name_of_peer)
        await self._tell()
        refused = await self._misbehave(self.faults.take(verb, resource.plural, query), request)
        if refused is not None:
            return refused
        match verb:
            case "watch":
                return await self._watch(request, resource, namespace, query)
            case "list":
                return self._list(resource, namespace, query)
            case "get":
                value = self.store.objects.get(Name(resource.kind, namespace, name))
                return json(value) if value else status(404, "NotFound", f"{resource.plural} {name!r} not found")
        try:
            answer = write(self.store, resource, asked, request.content_type)
        except RefusalError as error:
            return status(error.status, error.reason, str(error))
        self.spread()
        return json(answer, 201 if verb == "create" else 200)

    async def _misbehave(self, fault: Fault | None, request: web.Request) -> web.StreamResponse | None:
        match fault:
            case Answer():
                answer = status(fault.status, fault.reason, fault.message, fault.retry_after)
                if fault.location:
                    answer.headers["Location"] = fault.location
                return answer
            case Body():
                return web.Response(body=fault.content, content_type=fault.content_type)
            case Reset():
                reset(request)
                return web.Response()
            case Silence():
                await asyncio.Event().wait()
            case Gate():
                await fault.open.wait()
        return None

    def _list(self, resource: Resource, namespace: str, query: Mapping[str, str]) -> web.StreamResponse:
        asked = query.get("resourceVersion", "")
        if asked.isdecimal() and int(asked) > self.store.version:
            return too_large(asked, self.store.version)
        if token := query.get("continue"):
            left = self._pages.pop(token, None)
            if left is None:
                return status(410, "Expired", "The provided continue parameter is too old")
            version = orjson.loads(base64.b64decode(token))["rv"]
        else:
            left = [one for one in self.store.of(resource.kind, namespace) if matches(one, query)]
            version = self.store.version
        limit = int(query.get("limit", 0)) or len(left)
        meta = {"resourceVersion": str(version)}
        if left[limit:]:
            token = base64.b64encode(orjson.dumps({"rv": version, "n": len(self.seen)})).decode()
            self._pages[token] = left[limit:]
            meta["continue"] = token
        items = [
            {key: value for key, value in one.items() if key not in ("kind", "apiVersion")} for one in left[:limit]
        ]
        return json(
            {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": meta, "items": items}
        )

    async def _watch(
        self, request: web.Request, resource: Resource, namespace: str, query: Mapping[str, str]
    ) -> web.StreamResponse:
        asked = query.get("resourceVersion", "")
        initial = query.get("sendInitialEvents") == "true" and self.initial_events != "off"
        if initial and self.initial_events == "refused":
            return status(422, "Invalid", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch")
        if asked.isdecimal() and int(asked) > self.store.version:
            return too_large(asked, self.store.version)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        bookmarks = self.bookmarks and query.get("allowWatchBookmarks") == "true"
        watch = Watch(request, response, resource, namespace, query, bookmarks=bookmarks)
        if initial or asked in ("", "0"):
            for one in self.store.of(resource.kind, namespace):
                watch.send_event(Happened(0, "ADDED", Name(resource.kind, "", ""), one))
            watch.seen = self.store.version
            if initial:
                watch.send_bookmark(self.store.version, ends_initial_events=True)
        elif int(asked) < self.store.forgotten:
            watch.send_status(410, "Expired", f"too old resource version: {asked} ({self.store.forgotten})")
            watch.end()
        else:
            watch.seen = int(asked)
            watch.send_since(self.store.history)
        self.watches.append(watch)
        await self._tell()
        try:
            await watch.run()
        finally:
            self.watches.remove(watch)
            await self._tell()
        return response

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def json(value: object, code: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=code, content_type="application/json")


def status(code: int, reason: str, message: str, retry_after: float | None = None) -> web.Response:
    value = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
    headers = {"Retry-After": f"{retry_after:g}"} if retry_after is not None else {}
    body = orjson.dumps({**value, "reason": reason, "message": message})
    return web.Response(body=body, status=code, headers=headers, content_type="application/json")


def too_large(asked: str, current: int) -> web.Response:
    return status(504, "Timeout", f"Too large resource version: {asked}, current: {current}")


def peer_of(request: web.Request) -> str:
    certificate = request.get_extra_info("peercert") or {}
    return next((value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"), "")


def reset(request: web.Request) -> None:
    """RST instead of FIN."""
    if request.transport is not None:
        raw = request.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


@contextlib.asynccontextmanager
async def serving(*, tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[FakeApiServer]:
    """A server until the end of the block. `port` 0 takes a free one; another serves on where one was before."""
    server = FakeApiServer()
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls, reuse_address=True)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield server
    finally:
        server.end_watches()
        await runner.cleanup()
