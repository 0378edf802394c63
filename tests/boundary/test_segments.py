"""What Python encodes, the data plane reads: every kind of segment, every field, and both digests alike."""

import os
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import msgspec
import pytest

from gateway.encode import segments
from gateway.encode.tree import Publication, Tree
from gateway.ir import version
from gateway.ir.backend import Backend, Balance, Endpoint
from gateway.ir.certificate import Certificate
from gateway.ir.changes import Changes
from gateway.ir.ids import BackendId, CertificateId, RouteId
from gateway.ir.listener import Listener, Protocol
from gateway.ir.match import Exact, Prefix, Regex
from gateway.ir.policy import HttpsRedirect, Policy, RequestBody, Retries, Rewrite, Timeouts
from gateway.ir.route import Forward, HostTable, Redirect, Respond, Route, UpstreamTls
from gateway.ir.secret import Secret

_core: Any = pytest.importorskip("gateway._core", reason="the compiled module is not built")

LISTENERS = (Listener("http", Protocol.HTTP, "main"), Listener("https", Protocol.HTTPS, "main"))
WEB = BackendId("default", "web", "http")
API = BackendId("default", "api", "8080")
TLS = CertificateId("default", "shop-tls")


@pytest.fixture
def engine() -> Iterator[Any]:
    """An engine that listens on nothing."""
    memory = os.memfd_create("telemetry")
    settings = {"workers": 1, "listeners": [], "telemetry_fd": memory, "telemetry_slots": 64}
    try:
        yield _core.Engine(msgspec.msgpack.encode(settings))
    finally:
        os.close(memory)


def route(index: int, match: Any, action: Any, policy: Policy | None = None) -> Route:
    return Route(RouteId("Ingress", "default", "shop", 0, index), match, action, policy or Policy(), f"/{index}")


def everything() -> Changes:
    """A configuration in which every field of every shape has, somewhere, another value than its default."""
    chain, key = _core.mint_certificate(["shop.example.com"], None, 7)
    policy = Policy(
        timeouts=Timeouts(connect_ms=1, send_ms=2, read_ms=3),
        body_limit_bytes=0,
        https_redirect=HttpsRedirect(301),
        rewrite=Rewrite("/$1"),
        hsts="max-age=1",
        tries=1,
        retries=Retries(
            error=False, timeout=False, invalid=True, statuses=(403, 503), non_idempotent=True, budget_ms=9
        ),
        request_body=RequestBody(buffered=False, memory_bytes=0),
        http10=True,
    )
    named = HostTable(
        "shop.example.com",
        (
            route(0, Exact("/exact"), Forward(WEB)),
            route(1, Prefix("/prefix"), Forward(API, UpstreamTls())),
            route(2, Regex("/regex/(.*)"), Forward(WEB, UpstreamTls(verify=True, server_name="web.internal")), policy),
            route(3, Regex("/case", ignore_case=False), Redirect("/elsewhere")),
            route(4, Exact("/moved"), Redirect("/here", 307)),
            route(5, Prefix("/"), Respond(403), Policy(https_redirect=HttpsRedirect())),
        ),
        TLS,
    )
    hosts = [named, HostTable("*.example.com", (route(6, Prefix("/"), Forward(WEB)),)), HostTable("", ())]
    backends = [
        Backend(WEB, (Endpoint("10.0.0.1", 80), Endpoint("fd00::1", 65_535)), Balance.LEAST_REQUEST),
        Backend(API, ()),
    ]
    return Changes(
        {("main", host.host): host for host in hosts},
        {backend.id: backend for backend in backends},
        {TLS: Certificate(TLS, chain, Secret(key))},
        LISTENERS,
        TLS,
    )


def offer(engine: Any, publication: Publication) -> Any:
    return engine.offer(publication.root, list(publication.new.values()))


def test_every_field_of_every_shape_is_read(engine: Any) -> None:
    tree = Tree()
    publication = tree.apply(everything())
    answer = offer(engine, publication)
    assert answer.accepted
    assert answer.wanted == []
    assert answer.root == engine.digest() == publication.root


def test_both_sides_name_segments_alike(engine: Any) -> None:
    tree = Tree()
    publication = tree.apply(everything())
    answer = engine.offer(publication.root, [])
    assert answer.wanted == [publication.root]
    assert publication.root == blake2b(publication.new[publication.root], digest_size=16).digest()


def test_the_data_plane_asks_for_what_it_lacks_level_by_level(engine: Any) -> None:
    tree = Tree()
    root = tree.apply(everything()).root
    given: list[bytes] = []
    rounds = 0
    while not (answer := engine.offer(root, given)).accepted:
        given += tree.segments(answer.wanted)
        rounds += 1
        assert rounds < 10
    assert rounds > 1


def test_a_change_needs_only_the_new_segments(engine: Any) -> None:
    tree = Tree()
    offer(engine, tree.apply(everything()))
    host = HostTable("shop.example.com", (route(0, Prefix("/"), Forward(API)),), TLS)
    publication = tree.apply(Changes({("main", host.host): host}, {}, {}, LISTENERS, TLS))
    assert len(publication.new) == 3
    assert offer(engine, publication).accepted


def test_the_version_of_the_ir_is_the_same() -> None:
    assert _core.version()["ir"] == f"{version.MAJOR}.{version.MINOR}"


@pytest.mark.parametrize(
    ("table", "field"),
    [
        (HostTable("Bad_Host!", ()), "host"),
        (HostTable("a.example.com", (route(0, Prefix("/"), Respond(9)),)), "routes[0].action.status"),
        (
            HostTable("a.example.com", (route(0, Prefix("/"), Respond(404)), route(1, Regex("("), Respond(404)))),
            "routes[1].match.pattern",
        ),
    ],
)
def test_a_refusal_names_segment_kind_field_and_reason(engine: Any, table: HostTable, field: str) -> None:
    tree = Tree()
    good = tree.apply(everything())
    offer(engine, good)
    tree.hold(good.root)
    publication = tree.apply(Changes({("main", table.host): table}, {}, {}, LISTENERS, TLS))
    with pytest.raises(_core.Refused) as caught:
        offer(engine, publication)
    refused = caught.value
    assert (refused.kind, refused.field) == ("host", field)
    assert refused.reason
    assert engine.digest() == good.root
    answer = tree.refuse(bytes.fromhex(refused.segment), good.root)
    assert answer is not None
    assert [unit.host for unit in answer[1] if not isinstance(unit, BackendId | CertificateId)] == [table.host]


@pytest.mark.parametrize("shape", segments.KINDS, ids=lambda shape: shape.__name__)
def test_an_unknown_field_is_refused(engine: Any, shape: type[msgspec.Struct]) -> None:
    """So that a newer control is never half understood."""
    tree = Tree()
    publication = tree.apply(everything())
    parts = {digest: msgspec.msgpack.decode(data) for digest, data in publication.new.items()}
    kind = shape.__struct_config__.tag
    victim = next(digest for digest, body in parts.items() if body["kind"] == kind)
    parts[victim]["surprise"] = 1
    root, packed = _repack(parts, publication.root)
    with pytest.raises(_core.Refused) as caught:
        engine.offer(root, packed)
    assert caught.value.kind == kind
    assert "surprise" in caught.value.reason


def _repack(parts: dict[bytes, Any], root: bytes) -> tuple[bytes, list[bytes]]:
    """Encode anew from the leaves up, with the digests that result."""
    packed: dict[bytes, bytes] = {}

    def pack(digest: bytes) -> bytes:
        if digest not in packed:
            packed[digest] = msgspec.msgpack.encode(_renamed(parts[digest], parts, pack))
        return blake2b(packed[digest], digest_size=16).digest()

    return pack(root), list(packed.values())


def _renamed(value: Any, parts: dict[bytes, Any], pack: Any) -> Any:
    if isinstance(value, bytes):
        return pack(value) if value in parts else value
    if isinstance(value, dict):
        return {key: _renamed(one, parts, pack) for key, one in value.items()}
    return [_renamed(one, parts, pack) for one in value] if isinstance(value, list) else value
