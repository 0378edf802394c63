"""The only code that talks to the API server. Bodies are bytes, in and out.

Knows neither kinds nor what an answer means. A refused credential is renewed and the request sent once more, and the
library does that for GET, PUT and DELETE when a connection breaks before there is an answer (a kept one that the server
has closed looks like that). Nothing else is retried here, as only callers know what is safe and how urgent.
"""

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self
from urllib.parse import urlencode

from gateway.base.clock import Clock, SystemClock
from gateway.kube.answers import failure
from gateway.kube.credentials import Credentials, authorization
from gateway.kube.errors import KubeconfigError, Unreachable
from gateway.kube.exec_plugin import Credential
from gateway.kube.kubeconfig import SERVICE_ACCOUNT, Access, find_access
from gateway.kube.material import ClientCertificate
from gateway.kube.proxies import proxy_for
from gateway.settings.cluster import ClusterSettings

if TYPE_CHECKING:
    from gateway.kube.transport import Opened, Transport

SECONDS: Final = 30.0  # for a request and its whole answer, if a caller does not say otherwise
OPENING: Final = 30.0  # until a watch begins to answer: API servers send its head at once
FAILURE_BYTES: Final = 64 * 1024  # of the body of a refused watch; a Status is short
AGENT: Final = "sallygate"
_NOTHING: Final[Mapping[str, str]] = {}

OpenTransport = Callable[[ClientCertificate | None], "Transport"]


class _Pool:
    """The connections for one client certificate. Closed once it is replaced and its last request is over."""

    def __init__(self, certificate: ClientCertificate | None, transport: "Transport") -> None:
        self.certificate = certificate
        self.transport = transport
        self.replaced = False
        self._users = 0

    def enter(self) -> None:
        self._users += 1

    async def leave(self) -> None:
        self._users -= 1
        if self.replaced and not self._users:
            await self.transport.close()


class Client:
    """Made by `connect`; any number of requests may run at a time. Use `close` at the end."""

    server: str
    """URL of the API server, for messages."""
    namespace: str
    """Our own in a cluster, or the context's; `default` otherwise."""

    def __init__(self, access: Access, credentials: Credentials, open_transport: OpenTransport, clock: Clock) -> None:
        self.server = access.cluster.server
        self.namespace = access.namespace
        self._access = access
        self._credentials = credentials
        self._open_transport = open_transport
        self._clock = clock
        self._pool: _Pool | None = None

    @classmethod
    async def connect(
        cls,
        settings: ClusterSettings,
        *,
        clock: Clock | None = None,
        wall: Callable[[], float] = time.time,
        environ: Mapping[str, str] = os.environ,
        service_account: Path = SERVICE_ACCOUNT,
    ) -> Self:
        """Finds out who we are and where the server is. Raises KubeconfigError.

        The server is not contacted; a credential plugin is run.
        """
        clock = clock or SystemClock()
        access = find_access(settings, environ, service_account=service_account)
        proxy = access.cluster.proxy_url or proxy_for(access.cluster.server, environ)

        def open_transport(certificate: ClientCertificate | None) -> "Transport":
            from gateway.kube.transport import Transport  # noqa: PLC0415 -- loads the library

            return Transport(access, certificate, proxy)

        client = cls(access, Credentials(access, environ, clock, wall), open_transport, clock)
        client._enter((await client._credentials.current()).certificate)
        return client

    async def get(
        self,
        path: str,
        query: Mapping[str, str] = _NOTHING,
        *,
        timeout: float = SECONDS,  # noqa: ASYNC109 -- bounded by our own clock
    ) -> bytes:
        """The body of a 2xx answer. `timeout` is for all of it. Raises ApiError or Unreachable."""
        return await self._exchange(_Request("GET", path, query), timeout)

    async def send(
        self,
        method: str,
        path: str,
        body: bytes,
        *,
        query: Mapping[str, str] = _NOTHING,
        content_type: str = "application/json",
        timeout: float = SECONDS,  # noqa: ASYNC109
    ) -> bytes:
        """A write; raises as `get` does. After Unreachable nobody knows whether it was done."""
        return await self._exchange(_Request(method, path, query, body, content_type), timeout)

    def stream(
        self, path: str, query: Mapping[str, str] = _NOTHING
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The body of a 2xx answer in pieces as they come, for watches. Raises as `get` does, the iterator as well.

        Opening is bounded in time. How long a piece may take is for the caller to bound.
        """
        return self._stream(path, query)

    async def close(self) -> None:
        """What still runs is cut off."""
        if self._pool is not None:
            await self._pool.transport.close()

    # --- requests ---

    async def _exchange(self, request: "_Request", seconds: float) -> bytes:
        try:
            async with self._clock.timeout(seconds), AsyncExitStack() as stack:
                opened = await self._open(stack, request)
                return await opened.whole()
        except TimeoutError:
            raise Unreachable(
                f"{self.server} did not answer {request.method} {request.path} within {seconds:g} s"
            ) from None

    @asynccontextmanager
    async def _stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        async with AsyncExitStack() as stack:
            try:
                async with self._clock.timeout(OPENING):
                    opened = await self._open(stack, _Request("GET", path, query))
            except TimeoutError:
                raise Unreachable(f"{self.server} did not answer the watch of {path} within {OPENING:g} s") from None
            yield opened.pieces

    async def _open(self, stack: AsyncExitStack, request: "_Request") -> "Opened":
        """An answer that is a success, open until the stack unwinds."""
        for last in (False, True):
            credential = await self._credential()
            async with AsyncExitStack() as attempt:
                pool = self._enter(credential.certificate)
                pool.enter()
                attempt.push_async_callback(pool.leave)
                sent = self._headers(credential, request)
                opened = await attempt.enter_async_context(
                    pool.transport.open(request.method, request.target, sent, request.body)
                )
                if 200 <= opened.status < 300:
                    stack.push_async_exit(attempt.pop_all())
                    return opened
                said = await opened.whole(FAILURE_BYTES)
            if opened.status != 401 or last or not self._credentials.refuse(credential):
                break
        raise failure(opened.status, opened.headers, said)

    async def _credential(self) -> Credential:
        try:
            return await self._credentials.current()
        except KubeconfigError as error:
            raise Unreachable(f"{self.server}: no credentials ({error})") from error

    def _enter(self, certificate: ClientCertificate | None) -> _Pool:
        """The pool for this certificate, which takes the place of another."""
        if self._pool is None or self._pool.certificate != certificate:
            before, self._pool = self._pool, _Pool(certificate, self._open_transport(certificate))
            if before is not None:
                before.replaced = True
        return self._pool

    def _headers(self, credential: Credential, request: "_Request") -> dict[str, str]:
        # Not compressed: it would save bytes on lists, and cost both sides more time than a cluster's network takes.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": AGENT}
        if request.content_type:
            headers["Content-Type"] = request.content_type
        value = authorization(self._access, credential)
        if value:
            headers["Authorization"] = value
        return headers


class _Request(NamedTuple):
    method: str
    path: str
    query: Mapping[str, str]
    body: bytes | None = None
    content_type: str = ""

    @property
    def target(self) -> str:
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path
