"""The compiled engine in this process, in front of upstreams that a test plays itself."""

import os
import ssl
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple, Self

import msgspec

from gateway import _core, _shm
from gateway.encode.tree import Tree
from gateway.ir.backend import Backend, Balance, Endpoint
from gateway.ir.certificate import Certificate
from gateway.ir.changes import Changes
from gateway.ir.connections import Connections
from gateway.ir.ids import BackendId, CertificateId, RouteId
from gateway.ir.listener import Listener, Protocol
from gateway.ir.match import PathMatch, Prefix
from gateway.ir.policy import Policy, RequestBody
from gateway.ir.route import Action, Forward, HostTable, Route, UpstreamTls
from gateway.ir.secret import Secret
from tests.support.raw_upstream import Upstream
from tests.support.wire_client import WireClient

HOST: Final = "a.example"
STREAMED: Final = Policy(body_limit_bytes=0, request_body=RequestBody(buffered=False))  # bodies go on as they come
LISTENERS: Final = (Listener("http", Protocol.HTTP, "main"), Listener("https", Protocol.HTTPS, "main"))


class Minted(NamedTuple):
    """A certificate of the test's own authority, as a Secret would hold it."""

    ca: bytes
    chain: bytes
    key: bytes

    @classmethod
    def of(cls, *names: str, ca: tuple[bytes, bytes] | None = None) -> Self:
        ca = ca or _core.mint_certificate(["tests"], None, 30)
        return cls(ca[0], *_core.mint_certificate(list(names), ca, 30))

    def certificate(self, name: str) -> Certificate:
        return Certificate(CertificateId("default", name), self.chain, Secret(self.key))

    def serving(self, folder: Path) -> ssl.SSLContext:
        """What a server shows it with; `folder` is for the files that OpenSSL wants."""
        (folder / "chain.pem").write_bytes(self.chain)
        (folder / "key.pem").write_bytes(self.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
        return context

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.ca.decode())


def backend_id(name: str) -> BackendId:
    return BackendId("default", name, "80")


def forward(name: str = "web", tls: UpstreamTls | None = None) -> Forward:
    return Forward(backend_id(name), tls)


def route(match: PathMatch | str = "/", action: Action | None = None, policy: Policy | None = None) -> Route:
    match = Prefix(match) if isinstance(match, str) else match
    text = getattr(match, "path", "") or getattr(match, "pattern", "")
    return Route(RouteId("Ingress", "default", "test", 0, 0), match, action or forward(), policy or Policy(), text)


class Gate:
    """An engine with two listeners. `settings` are those of the engine by name, in its own units."""

    def __init__(self, **settings: int | str | list[str]) -> None:
        memory = os.memfd_create("telemetry", os.MFD_CLOEXEC)
        listeners = [{"name": one.name, "tls": one.name == "https", "address": "127.0.0.1:0"} for one in LISTENERS]
        defaults = {"workers": 1, "telemetry_slots": 64, "telemetry_ring_bytes": 1 << 16, "drain_idle_ms": 0}
        try:
            packed = msgspec.msgpack.encode(
                {"listeners": listeners, "telemetry_fd": memory, **defaults, **settings},
            )
            self.engine = _core.Engine(packed)
            self.reader = _shm.Reader(memory)
        finally:
            os.close(memory)
        self._tree = Tree()
        self.listeners: tuple[Listener, ...] = LISTENERS
        self.connections = Connections()
        self._addresses = self.engine.start()

    def close(self) -> None:
        """Ends the engine. Nothing that a peer did may have stopped one of its threads."""
        self.engine.drain(200)
        counters = self.counters()
        self.reader.close()
        assert counters["Panics"] == 0

    def address(self, listener: str = "http") -> tuple[str, int]:
        host, _, port = self._addresses[listener].rpartition(":")
        return host, int(port)

    def client(self) -> WireClient:
        return WireClient(self.address())

    def serve(
        self,
        *hosts: HostTable,
        backends: Iterable[Backend] = (),
        certificates: Iterable[Certificate] = (),
        default: CertificateId | None = None,
    ) -> None:
        """Adds to what is served, or replaces it by name."""
        changes = Changes(
            {("main", one.host): one for one in hosts},
            {one.id: one for one in backends},
            {one.id: one for one in certificates},
            self.listeners,
            default,
            self.connections,
        )
        publication = self._tree.apply(changes)
        offer = self.engine.offer(publication.root, self._tree.segments(self._tree.missing(None, publication.root)))
        assert offer.accepted

    def route_to(
        self,
        *upstreams: Upstream | tuple[str, int],
        host: str = HOST,
        tls: UpstreamTls | None = None,
        balance: Balance = Balance.ROUND_ROBIN,
        policy: Policy | None = None,
    ) -> None:
        """Everything below `host` goes to these upstreams."""
        addresses = [one.address if isinstance(one, Upstream) else one for one in upstreams]
        endpoints = tuple(sorted(Endpoint(*address) for address in addresses))
        self.serve(
            HostTable(host, (route("/", forward(host, tls), policy),)),
            backends=[Backend(backend_id(host), endpoints, balance)],
        )

    def counters(self) -> dict[str, int]:
        return self.reader.counters()

    def wait(self, true: Callable[[dict[str, int]], bool]) -> dict[str, int]:
        """The counters, once they are so. What a worker counts shows a moment after what it sends."""
        end = time.monotonic() + 15
        while not true(counters := self.counters()):
            assert time.monotonic() < end, {name: value for name, value in counters.items() if value}
            time.sleep(0.002)
        return counters

    def wait_for(self, **least: int) -> dict[str, int]:
        return self.wait(lambda counters: all(counters[name] >= value for name, value in least.items()))

    def records(self, count: int) -> list[dict[str, object]]:
        """The next `count` access-log records."""
        rows: list[tuple[object, ...]] = []
        end = time.monotonic() + 15
        while len(rows) < count:
            assert time.monotonic() < end, rows
            rows += self.reader.drain_records(count - len(rows))
        return [dict(zip(RECORD, row, strict=True)) for row in rows]


RECORD: Final = (
    "status",
    "flags",
    "start_unix_ns",
    "duration_us",
    "upstream_us",
    "request_length",
    "body_bytes_sent",
    "upstream_response_length",
    "slot",
    "upstream_status",
    "tries",
    "tls_version",
    "remote_addr",
    "remote_port",
    "method",
    "target",
    "protocol",
    "host",
    "referer",
    "user_agent",
    "request_id",
    "upstream_addr",
    "fault",
)
