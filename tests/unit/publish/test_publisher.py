"""The conversation with the data plane, over a real socket."""

import asyncio
from typing import Any

import pytest

from gateway.encode import segments
from gateway.encode.digest import digest_of
from gateway.ir.match import Prefix
from gateway.ir.route import Respond
from gateway.publish import protocol
from gateway.publish.outcome import Accepted, Connected, Disconnected, Refused
from tests.support.configuration import backend, changes, host, route
from tests.support.fake_dataplane import HELLO, Keeper, Peer

Bench = Any  # the class of the fixture lives in conftest.py


async def first(bench: Bench) -> tuple[Peer, protocol.Publish]:
    """A connection on which one host has been accepted."""
    bench.publish(changes([host("a.example.com", route("a", "/one"))]))
    peer = await bench.dataplane.peer()
    await peer.greet()
    publish = await peer.receive_publish()
    await peer.accept(publish)
    await bench.outcome(Accepted)
    return peer, publish


async def test_nothing_is_sent_before_the_first_offer(bench: Bench) -> None:
    peer = await bench.dataplane.peer()
    answer = await peer.greet()
    assert answer == protocol.ControlHello(protocol.PROTOCOL, protocol.IR, 7)
    await bench.outcome(Connected)
    root = bench.publish(changes())
    assert (await peer.receive_publish()).root == root


async def test_a_fresh_data_plane_gets_everything_and_then_only_differences(bench: Bench) -> None:
    peer, publish = await first(bench)
    assert set(publish.segments) == {bench.tree.pool[digest] for digest in bench.tree.missing(None, publish.root)}
    root = bench.publish(changes([host("b.example.com", route("b", "/"))]))
    second = await peer.receive_publish()
    assert second.root == root
    assert len(second.segments) == 3
    await peer.accept(second)
    outcome = await bench.outcome(Accepted)
    assert (outcome.root, outcome.before) == (root, publish.root)
    assert outcome.cause.origins == ("a.yaml",)


async def test_a_report_goes_to_each_data_plane_that_connects_and_to_the_one_that_is(bench: Bench) -> None:
    bench.publisher.report(protocol.Report("", "one 1\n"))
    peer = await bench.dataplane.peer()
    await peer.greet()
    assert await peer.receive_report() == protocol.Report("", "one 1\n")
    bench.publisher.report(protocol.Report("nobody answers", "one 2\n"))
    assert await peer.receive_report() == protocol.Report("nobody answers", "one 2\n")
    peer.close()
    again = await bench.dataplane.peer()
    await again.greet()
    assert await again.receive_report() == protocol.Report("nobody answers", "one 2\n")


async def test_latest_wins_and_causes_are_joined(bench: Bench) -> None:
    peer, _ = await first(bench)
    bench.publish(changes([host("a.example.com", route("a", "/two"))]), "two.yaml")
    publish = await peer.receive_publish()
    bench.publish(changes([host("a.example.com", route("a", "/three"))]), "three.yaml")
    root = bench.publish(changes([host("a.example.com", route("a", "/four"))]), "four.yaml")
    await peer.accept(publish)
    last = await peer.receive_publish()
    assert last.root == root
    await peer.accept(last)
    assert (await bench.outcome(Accepted)).cause.origins == ("two.yaml",)
    assert (await bench.outcome(Accepted)).cause.origins == ("three.yaml", "four.yaml")


async def test_a_want_is_answered_in_parts_under_the_cap(bench: Bench) -> None:
    hosts = [host(f"{number}.example.com", route("a", "/" + "x" * 500)) for number in range(100)]
    bench.publish(changes(hosts))
    peer = await bench.dataplane.peer()
    keeper = Keeper()
    serving = asyncio.ensure_future(keeper.serve(peer))
    outcome = await bench.outcome(Accepted)
    assert keeper.root == outcome.root
    assert len(keeper.hosts()) == 100
    peer.close()
    await serving


async def test_a_newer_snapshot_supersedes_one_in_the_want_phase(bench: Bench) -> None:
    peer, _ = await first(bench)
    bench.publish(changes([host("a.example.com", route("a", "/two"))]), "two.yaml")
    old = await peer.receive_publish()
    root = bench.publish(changes([host("a.example.com", route("a", "/three"))]), "three.yaml")
    await peer.send(protocol.Want(old.id, (old.root,)))
    new = await peer.receive_publish()
    assert new.root == root
    await peer.send(protocol.Accepted(old.id, old.root))  # late word about the old one: not believed
    await peer.accept(new)
    outcome = await bench.outcome(Accepted)
    assert outcome.root == root
    assert outcome.cause.origins == ("two.yaml", "three.yaml")


async def test_changed_and_changed_back_while_waiting_is_not_published(bench: Bench) -> None:
    peer, publish = await first(bench)
    bench.publish(changes([host("a.example.com", route("a", "/two"))]))
    second = await peer.receive_publish()
    bench.publish(changes([host("a.example.com", route("a", "/three"))]))
    assert bench.publish(changes([host("a.example.com", route("a", "/two"))])) == second.root
    await peer.accept(second)
    await bench.outcome(Accepted)
    root = bench.publish(changes([host("a.example.com", route("a", "/four"))]))
    assert (await peer.receive_publish()).root == root
    assert publish.root != root


async def test_after_a_lost_connection_it_starts_from_what_the_data_plane_serves(bench: Bench) -> None:
    peer, publish = await first(bench)
    peer.close()
    await bench.outcome(Disconnected)
    root = bench.publish(changes([host("b.example.com", route("b", "/"))]))
    peer = await bench.dataplane.peer()
    await peer.greet(protocol.DataPlaneHello(protocol.PROTOCOL, protocol.IR, 43, publish.root, {}, "0.1.0"))
    second = await peer.receive_publish()
    assert second.root == root
    assert len(second.segments) == 3


async def test_a_restarted_data_plane_that_lost_everything_gets_everything(bench: Bench) -> None:
    peer, publish = await first(bench)
    peer.close()
    peer = await bench.dataplane.peer()
    await peer.greet()
    again = await peer.receive_publish()
    assert again.root == publish.root
    assert set(again.segments) == set(publish.segments)
    await peer.accept(again)
    outcome = await bench.outcome(Accepted)
    assert (outcome.before, outcome.cause) == (None, None)


async def test_an_unknown_root_on_the_other_side_costs_only_what_differs(bench: Bench) -> None:
    """Control was restarted, and the folder has changed meanwhile."""
    other = Keeper()
    stranger = type(bench.tree)()
    old = stranger.apply(changes([host(f"{number}.example.com", route("a", "/")) for number in range(50)])).root
    other.known = {digest: stranger.pool[digest] for digest in stranger.missing(None, old)}
    other.root = old
    hosts = [host(f"{number}.example.com", route("a", "/")) for number in range(50)]
    bench.publish(changes([*hosts, host("new.example.com", route("n", "/"))]))
    peer = await bench.dataplane.peer()
    serving = asyncio.ensure_future(other.serve(peer))
    await bench.outcome(Accepted)
    assert other.received == 3
    assert "new.example.com" in other.hosts()
    peer.close()
    await serving


async def test_a_publication_in_flight_when_the_connection_broke_is_sent_again(bench: Bench) -> None:
    peer, publish = await first(bench)
    root = bench.publish(changes([host("b.example.com", route("b", "/"))]), "b.yaml")
    await peer.receive_publish()
    peer.close()
    peer = await bench.dataplane.peer()
    await peer.greet(protocol.DataPlaneHello(protocol.PROTOCOL, protocol.IR, 43, publish.root, {}, "0.1.0"))
    again = await peer.receive_publish()
    assert again.root == root
    await peer.accept(again)
    assert (await bench.outcome(Accepted)).cause.origins == ("b.yaml",)


async def test_a_refused_host_goes_to_quarantine_and_the_rest_is_served(bench: Bench) -> None:
    def judge(segment: segments.Segment) -> tuple[str, str] | None:
        if isinstance(segment, segments.HostSegment):
            for index, entry in enumerate(segment.routes):
                if entry.match == Prefix("/poison"):
                    return f"routes[{index}].match.path", "poison"
        return None

    keeper = Keeper(judge)
    bench.publish(changes([host("a.example.com", route("a", "/one"))]))
    serving = asyncio.ensure_future(keeper.serve(await bench.dataplane.peer()))
    await bench.outcome(Accepted)
    bench.publish(
        changes(
            [
                host("a.example.com", route("a", "/poison")),
                host("b.example.com", route("b", "/fine")),
                host("c.example.com", route("c", "/poison")),
            ]
        )
    )
    blamed = [unit for _ in range(2) for unit in (await bench.outcome(Refused)).units]
    await bench.outcome(Accepted)
    assert {unit.host for unit in blamed} == {"a.example.com", "c.example.com"}
    served = keeper.hosts()
    assert served["a.example.com"].routes[0].match == Prefix("/one")
    assert served["b.example.com"].routes[0].match == Prefix("/fine")
    assert served["c.example.com"].routes[0].action == Respond(503)
    bench.publish(changes([host("c.example.com", route("c", "/mended"))]))
    await bench.outcome(Accepted)
    assert keeper.hosts()["c.example.com"].routes[0].match == Prefix("/mended")
    assert keeper.refused == 2
    serving.cancel()


async def test_a_refusal_that_blames_no_unit_waits_for_the_next_change(bench: Bench) -> None:
    peer, publish = await first(bench)
    bench.publish(changes([host("b.example.com", route("b", "/"))]))
    second = await peer.receive_publish()
    await peer.send(protocol.Refused(second.id, second.root, "not hex", "root", "version", "too new"))
    refused = await bench.outcome(Refused)
    assert refused.units == ()
    assert bench.publisher.accepted == publish.root
    root = bench.publish(changes([host("c.example.com", route("c", "/"))]))
    third = await peer.receive_publish()
    assert third.root == root
    await peer.accept(third)
    await bench.outcome(Accepted)
    assert [entry.refusal for entry in bench.publisher.history.entries()] == ["", "root version: too new", ""]


async def test_quarantine_is_pardoned_by_another_version_of_the_data_plane(bench: Bench) -> None:
    peer, _ = await first(bench)
    wanted = bench.publish(changes([host("b.example.com", route("b", "/"))]))
    second = await peer.receive_publish()
    new_host = next(s for s in second.segments if isinstance(segments.decode(s), segments.HostSegment))
    digest = digest_of(new_host)
    await peer.send(protocol.Refused(second.id, second.root, digest.hex(), "host", "host", "not today"))
    third = await peer.receive_publish()
    assert third.root != wanted
    peer.close()
    peer = await bench.dataplane.peer()
    await peer.greet(protocol.DataPlaneHello(protocol.PROTOCOL, protocol.IR, 43, None, {}, "0.2.0"))
    assert (await peer.receive_publish()).root == wanted


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"\xff\xff\xff\xff", "over the cap", id="oversized"),
        pytest.param(b"\x03\x00\x00\x00abc", "malformed", id="not msgpack"),
        pytest.param(b"\x05\x00\x00\x00\x92", "inside a frame", id="partial frame"),
        pytest.param(b"\x02\x00", "inside a frame", id="partial length"),
        pytest.param(b"", "closed", id="nothing"),
        pytest.param(protocol.encode(protocol.Want(1, ())), "did not begin with hello", id="no hello"),
        pytest.param(b"\x06\x00\x00\x00\x92\xa3new\x80", "unknown message type 'new'", id="unknown type"),
        pytest.param(
            protocol.encode(protocol.DataPlaneHello(2, protocol.IR, 1)), "speaks protocol 2", id="other protocol"
        ),
        pytest.param(protocol.encode(protocol.DataPlaneHello(1, (2, 0), 1)), "version 2", id="other ir"),
    ],
)
async def test_a_strange_peer_is_left_and_the_next_one_is_served(bench: Bench, data: bytes, reason: str) -> None:
    peer = await bench.dataplane.peer()
    await peer.send_bytes(data)
    peer.writer.write_eof()
    said = (await bench.outcome(Disconnected)).reason
    assert reason in said
    root = bench.publish(changes([], [backend("web", "10.0.0.1")]))
    good = await bench.dataplane.peer()
    await good.greet()
    assert (await good.receive_publish()).root == root


async def test_a_minor_version_more_is_understood(bench: Bench) -> None:
    peer = await bench.dataplane.peer()
    await peer.greet(protocol.DataPlaneHello(protocol.PROTOCOL, (protocol.IR[0], 99), 1))
    await bench.outcome(Connected)


async def test_a_mismatch_is_told_to_both_sides(bench: Bench) -> None:
    peer = await bench.dataplane.peer()
    await peer.send(protocol.DataPlaneHello(2, protocol.IR, 1))
    assert isinstance(await peer.receive(), protocol.ControlHello)
    assert await peer.is_closed()


async def test_a_peer_that_asks_for_segments_without_end_is_left(bench: Bench) -> None:
    bench.publish(changes())
    peer = await bench.dataplane.peer()
    await peer.greet()
    publish = await peer.receive_publish()
    await peer.send(protocol.Want(publish.id, (b"no such digest..",)))
    assert await peer.is_closed()
    assert "keeps asking" in (await bench.outcome(Disconnected)).reason


async def test_the_absence_of_a_data_plane_is_said_once(bench: Bench) -> None:
    peer, _ = await first(bench)
    await bench.dataplane.stop()
    reasons = [(await bench.outcome(Disconnected)).reason for _ in range(2)]
    assert "no data plane" in reasons[-1]
    for _ in range(50):
        await asyncio.sleep(0)
    assert bench.outcomes.empty()
    await bench.dataplane.start()
    peer = await bench.dataplane.peer()
    assert await peer.greet(HELLO)


async def test_nothing_is_kept_alive_but_the_newest_and_the_accepted_root(bench: Bench) -> None:
    peer, _ = await first(bench)
    size = len(bench.tree.pool)
    for number in range(20):
        bench.publish(changes([host("a.example.com", route("a", f"/{number}"))]))
        publish = await peer.receive_publish()
        await peer.accept(publish)
        await bench.outcome(Accepted)
    assert len(bench.tree.pool) == size
