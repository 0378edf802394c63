"""What people and the supervisor are told."""

from datetime import UTC, datetime

from gateway.encode import segments
from gateway.encode.tree import Tree
from gateway.encode.units import HostUnit, find
from gateway.ir.policy import Policy
from gateway.publish import protocol
from gateway.publish.announcer import Announcer
from gateway.publish.outcome import ORIGINS, Accepted, Cause, Connected, Disconnected, Refused
from gateway.verdicts.verdict import ObjectRef
from tests.support.configuration import backend, certificate, changes, host, route
from tests.support.fake_dataplane import HELLO


class Desk:
    def __init__(self) -> None:
        self.tree = Tree()
        self.lines: list[str] = []
        self.events: list[tuple[str, dict[str, object]]] = []
        self.refused: list[str] = []
        self.announcer = Announcer(
            self.tree,
            say=self.lines.append,
            notify=lambda event, fields: self.events.append((event, fields)),
            refused=lambda: self.refused.append("again"),
            now=lambda: datetime(2030, 1, 1, 12, 3, 4, tzinfo=UTC),
            monotonic=lambda: 10.008,
        )

    def accept(self, root: bytes, before: bytes | None, cause: Cause | None) -> None:
        self.announcer.hear(Accepted(root, before, cause, protocol.Accepted(1, root)))


def test_one_line_per_snapshot_says_what_where_and_how_long() -> None:
    desk = Desk()
    before = desk.tree.apply(changes([host("a.example.com", route("a", "/"))])).root
    desk.tree.hold(before)
    root = desk.tree.apply(changes([host("a.example.com", route("a", "/", policy=Policy(tries=1)))])).root
    desk.accept(root, before, Cause(10.0, ("demo/virtual-host.yaml",)))
    assert desk.lines == [
        f"12:03:04 snapshot {root.hex()[:8]}: ~1 route on a.example.com (demo/virtual-host.yaml) · 8 ms"
    ]


def test_many_origins_are_counted() -> None:
    desk = Desk()
    root = desk.tree.apply(changes()).root
    desk.accept(root, root, Cause(10.0, ("a", "b", "c", "d")))
    desk.announcer.unchanged(Cause(10.0, ("a",)))
    desk.announcer.unchanged(Cause(10.0))
    assert [line.partition(": ")[2] or line for line in desk.lines] == [
        "nothing (a, b and 2 more) · 8 ms",
        "12:03:04 no change in what is served (a)",
    ]


def test_of_very_many_origins_a_few_are_kept_and_the_others_counted() -> None:
    cause = Cause.of(10.0, (f"{number}.yaml" for number in range(10_000)), edited=True)
    assert (len(cause.origins), cause.more) == (ORIGINS, 10_000 - ORIGINS)
    joined = cause.joined(Cause.of(9.0, ["0.yaml", "z.yaml"], edited=False))
    assert joined == Cause(9.0, cause.origins, True, cause.more + 1)
    assert Cause(8.0, ("a",)).joined(Cause(9.0, ("b", "a"))) == Cause(8.0, ("a", "b"))
    desk = Desk()
    desk.announcer.unchanged(joined)
    assert desk.lines == ["12:03:04 no change in what is served (0.yaml, 1.yaml and 9999 more)"]


def test_every_acknowledgement_is_an_event_and_the_first_brings_the_routes() -> None:
    desk = Desk()
    root = desk.tree.apply(changes([host("a.example.com", route("a", "/"))], [backend("web", "10.0.0.1")])).root
    desk.accept(root, None, Cause(10.0))
    desk.accept(root, None, None)
    row = {
        "host": "a.example.com",
        "path": "/",
        "type": "Prefix",
        "backend": "default/web:80",
        "endpoints": ["10.0.0.1:8080"],
        "notes": [],
        "written": ["Ingress", "default", "a", 0, 0],
    }
    events = [(name, {key: _plain(value) for key, value in fields.items()}) for name, fields in desk.events]
    assert events == [
        ("accepted", {"root": root.hex()}),
        ("routes", {"rows": [row], "total": 1}),
        ("accepted", {"root": root.hex()}),
    ]
    assert desk.lines[-1].endswith("served by the data plane again")


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return {key: _plain(one) for key, one in value.items()} if isinstance(value, dict) else value


def test_connections_are_told() -> None:
    desk = Desk()
    desk.announcer.hear(Connected(HELLO))
    desk.announcer.hear(Disconnected("it broke"))
    assert desk.lines == ["12:03:04 data plane 0.1.0 connected (pid 42)", "12:03:04 it broke"]


def refuse(desk: Desk, unit: HostUnit, segment: bytes, kind: str, field: str) -> None:
    answer = desk.tree.refuse(segment, None)
    assert answer is not None
    assert answer[1] == (unit,)
    refused = protocol.Refused(1, answer[0].root, segment.hex(), kind, field, "too long")
    desk.announcer.hear(Refused(refused, answer[1]))


def test_a_refused_route_is_a_verdict_on_its_object_until_it_is_mended() -> None:
    desk = Desk()
    unit = HostUnit("main", "a.example.com")
    table = host(unit.host, route("a", "/fine"), route("a", "/bad", index=4))
    root = desk.tree.apply(changes([table])).root
    leaf = find(desk.tree.pool, root, unit)
    assert leaf is not None
    refuse(desk, unit, leaf, "host", "routes[1].match.path")
    (refusal,) = desk.announcer.refusals()
    assert refusal.object == ObjectRef("Ingress", "default", "a")
    assert refusal.field == "spec.rules[0].http.paths[4]"
    assert refusal.what == "host a.example.com"
    assert refusal.detail == f"host segment {leaf.hex()}, field routes[1].match.path: too long"
    assert desk.refused == ["again"]
    desk.tree.apply(changes([host(unit.host, route("a", "/mended"))]))
    assert desk.announcer.refusals() == []


def test_a_refused_policy_is_a_verdict_on_a_route_that_has_it() -> None:
    desk = Desk()
    unit = HostUnit("main", "a.example.com")
    policy = Policy(tries=99)
    root = desk.tree.apply(changes([host(unit.host, route("a", "/"), route("a", "/b", index=1, policy=policy))])).root
    leaf = find(desk.tree.pool, root, unit)
    assert leaf is not None
    segment = segments.decode(desk.tree.pool[leaf])
    assert isinstance(segment, segments.HostSegment)
    refuse(desk, unit, segment.routes[1].policy, "policy", "tries")
    assert desk.announcer.refusals()[0].field == "spec.rules[0].http.paths[1]"


def test_refused_backends_and_certificates_are_verdicts_on_their_objects() -> None:
    desk = Desk()
    web, tls = backend("web", "x"), certificate("tls", b"very secret")
    desk.tree.apply(changes([], [web], [tls]))
    for unit, kind in ((web.id, "backend"), (tls.id, "certificate")):
        assert desk.tree.root is not None
        digest = find(desk.tree.pool, desk.tree.root, unit)
        assert digest is not None
        answer = desk.tree.refuse(digest, None)
        assert answer is not None
        refused = protocol.Refused(1, answer[0].root, digest.hex(), kind, "", "unreadable")
        desk.announcer.hear(Refused(refused, answer[1]))
    found = desk.announcer.refusals()
    assert [refusal.object for refusal in found] == [
        ObjectRef("Service", "default", "web"),
        ObjectRef("Secret", "default", "tls"),
    ]
    assert "very secret" not in str(found)


def test_a_refusal_without_a_unit_stands_until_something_is_accepted() -> None:
    desk = Desk()
    root = desk.tree.apply(changes()).root
    desk.announcer.hear(Refused(protocol.Refused(1, root, "", "root", "version", "too new"), ()))
    assert [refusal.detail for refusal in desk.announcer.refusals()] == ["too new"]
    assert "the last accepted one is served on" in desk.lines[0]
    desk.accept(root, None, None)
    assert desk.announcer.refusals() == []
