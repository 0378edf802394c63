"""HTTP to the API server, by the `kubernetes` library's transport: TLS, proxy, connections. Knows no Kubernetes.

Loads the library, so it must be imported only where a cluster is used. Every failure to get an answer is Unreachable.
"""

import os
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Self

import aiohttp
from yarl import URL

from gateway.kube import library
from gateway.kube.errors import KubeconfigError, Unreachable
from gateway.kube.kubeconfig import Access
from gateway.kube.material import ClientCertificate, authority, mismatch

library.prepare()  # before the first import from there
from kubernetes.aio.client.configuration import Configuration  # noqa: E402
from kubernetes.aio.client.rest import RESTClientObject  # noqa: E402

# A watch may be silent for long. A peer that vanished without a word is noticed all the same, after 15 + 3 * 15 s.
KEEPALIVE_IDLE: Final = 15
KEEPALIVE_INTERVAL: Final = 15
KEEPALIVE_PROBES: Final = 3
BODY_BYTES: Final = 512 * 1024 * 1024  # a list of 100,000 EndpointSlices has half of it; more must not fill the memory


class Opened:
    """An answer whose body is still coming."""

    def __init__(self, server: str, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.pieces: AsyncIterator[bytes] = _Pieces(server, response.content)
        self._server = server

    async def whole(self, at_most: int = BODY_BYTES) -> bytes:
        """The body. A longer one is Unreachable: it would be cut, and half an answer is none."""
        parts, size = [], 0
        async for piece in self.pieces:
            parts.append(piece)
            size += len(piece)
            if size > at_most:
                raise Unreachable(f"{self._server} sent an answer of more than {at_most} bytes")
        return b"".join(parts)


class _Pieces:
    """No generator: it may be left in the middle, and then nothing has to be finished."""

    def __init__(self, server: str, content: aiohttp.StreamReader) -> None:
        self._server = server
        self._content = content

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await self._content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise _unreachable(self._server, error) from error
        if not piece:
            raise StopAsyncIteration
        return piece


class _Rest(RESTClientObject):
    """Connections that notice when the other side is gone, and no limit on their number: each watch holds one."""

    def _create_connector(self) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(ssl=self.ssl_context, limit=0, socket_factory=_connecting)


class Transport:
    """One pool of connections, for one client certificate. Must be closed."""

    def __init__(self, access: Access, certificate: ClientCertificate | None, proxy: str | None) -> None:
        self._server = access.cluster.server
        self._rest = _rest(access, certificate, proxy)
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def open(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncIterator[Opened]:
        if self._session is None:
            self._session = self._rest._create_pool_manager()  # noqa: SLF001 -- documented for subclasses, of which this is one
        configuration = self._rest.configuration
        options: dict[str, Any] = {"proxy": configuration.proxy} if configuration.proxy else {}
        if configuration.tls_server_name:
            options["server_hostname"] = configuration.tls_server_name
        try:
            response = await self._session.request(
                method,
                URL(self._server + target, encoded=True),
                headers=headers,
                data=body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(),  # none: callers bound every wait with their own clock
                **options,
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:  # the last for names that no resolver takes
            raise _unreachable(self._server, error) from error
        async with response:
            yield Opened(self._server, response)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _unreachable(server: str, error: Exception) -> Unreachable:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Unreachable(f"{server}: its certificate is not trusted ({error.certificate_error})")
    if isinstance(error, aiohttp.ClientConnectorError):
        return Unreachable(f"{server} cannot be reached ({error.os_error.strerror or error.os_error})")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return Unreachable(f"{server} closed the connection without an answer")
    return Unreachable(f"{server}: the connection broke ({str(error) or type(error).__name__})")


def _rest(access: Access, certificate: ClientCertificate | None, proxy: str | None) -> _Rest:
    configuration = Configuration(
        host=access.cluster.server,
        verify_ssl=not access.cluster.insecure_skip_tls_verify,
        tls_server_name=access.cluster.tls_server_name,
        proxy=proxy,
        client_session_kwargs={"trust_env": False, "cookie_jar": aiohttp.DummyCookieJar(), "auto_decompress": False},
    )
    # Certificates of many API servers lack an extension that, of all clients, only Python asks for.
    configuration.disable_strict_ssl_verification = True
    ca = authority(access)
    configuration.ca_cert_data = ca.decode("ascii", "ignore") if ca else None
    if certificate is None:
        return _created(access, configuration)
    held: list[int] = []
    try:
        configuration.cert_file = _memory(certificate.certificate, held)
        configuration.key_file = _memory(certificate.key, held)
        return _created(access, configuration)
    finally:
        for descriptor in held:
            os.close(descriptor)


def _created(access: Access, configuration: Configuration) -> _Rest:
    try:
        return _Rest(configuration)
    except ssl.SSLError as error:
        if configuration.cert_file:
            raise mismatch(access, error.reason or str(error)) from None
        problem = f"TLS cannot read it ({error.reason or error})"
        raise _bad_authority(access, problem) from None


def _bad_authority(access: Access, problem: str) -> KubeconfigError:
    return access.error(access.in_cluster_entry("certificate-authority"), "", problem, "fetch a new one")


def _memory(content: bytes, held: list[int]) -> str:
    """A file that exists in memory only: OpenSSL takes certificates from paths, and a private key is not for a disk."""
    descriptor = os.memfd_create("tls", os.MFD_CLOEXEC)
    held.append(descriptor)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
    return f"/proc/self/fd/{descriptor}"


def _connecting(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)
    return made
