"""Faults of a network, each played inside a network namespace of its own: `python -m tests.faults.scenes NAME`.

The engine, its clients and its upstreams are all in there, so that only `lo` can be lossy, cut or short of ports.
"""

import select
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.ir.policy import Policy, Timeouts
from tests.support.arena import arena
from tests.support.engine import HOST, Gate
from tests.support.origin import Origin
from tests.support.raw_client import Response
from tests.support.raw_upstream import Upstream
from tests.support.wire_client import WireClient

QUICK: Final = Policy(timeouts=Timeouts(connect_ms=400, send_ms=400, read_ms=400), tries=1)
PORTS: Final = 30
MEGA: Final = 1 << 20
GET: Final = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def rule(text: str, *, hook: str = "input") -> None:
    """What becomes of packets, until `forget`."""
    run("nft", "add", "table", "inet", "faults")
    run("nft", "add", "chain", "inet", "faults", hook, f"{{ type filter hook {hook} priority 0; }}")
    run("nft", "add", "rule", "inet", "faults", hook, text)


def forget() -> None:
    run("nft", "flush", "ruleset")


def asked(client: WireClient, path: str = "/") -> Response:
    return client.get(HOST, path)


def lossy(percent: int) -> tuple[int, int]:
    """Good answers and others of 60 requests, with this much loss both ways between gateway and upstream."""
    with arena() as stage, Origin("far") as far:
        stage.gate.route_to(("127.0.0.1", far.port), policy=Policy(timeouts=Timeouts(connect_ms=10_000)))
        rule(f"tcp dport {far.port} numgen random mod 100 < {percent} drop")
        rule(f"tcp sport {far.port} numgen random mod 100 < {percent} drop")
        with stage.client() as client:
            statuses = [asked(client).status for _ in range(60)]
        forget()
        return statuses.count(200), len(statuses) - statuses.count(200)


def f52_loss_of_5_percent_costs_no_answer() -> None:
    assert lossy(1) == (60, 0)
    assert lossy(5) == (60, 0)


def f52_loss_of_20_percent_costs_time_and_few_answers() -> None:
    good, bad = lossy(20)
    assert bad <= 6, (good, bad)


def f53_replies_that_are_lost_are_a_timeout_and_hold_nothing() -> None:
    with arena() as stage, Origin("far") as far:
        stage.gate.route_to(("127.0.0.1", far.port), policy=QUICK)
        with stage.client() as client:
            assert asked(client).status == 200
            rule(f"tcp sport {far.port} drop")
            assert asked(client).status == 504
        with stage.client() as client:
            assert asked(client).status == 504  # to connect, by now
            forget()
            assert asked(client).status == 200
        counters = stage.gate.wait_for(TimeoutUpstreamRead=1)
        assert counters["UpstreamConnectTimeout"] >= 1


def f55_a_narrow_line_to_the_client_holds_its_upstream_back() -> None:
    """Of 32 MB, the gateway takes what buffers hold, not what the upstream could send."""
    with arena() as stage, stage.client() as client:
        stage.get(client)
        peer = stage.upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (32 * MEGA))
        port = stage.gate.address()[1]
        rule(f"tcp sport {port} limit rate over 100 kbytes/second drop")
        peer.socket.settimeout(1)
        sent = 0
        try:
            while sent < 32 * MEGA:
                sent += peer.socket.send(bytes(MEGA))
        except TimeoutError:
            pass
        forget()
        assert sent < 32 * MEGA, "nothing held it back"
        peer.socket.settimeout(15)
        client.head()
        rest = threading.Thread(target=peer.feed, args=(bytes(32 * MEGA - sent),))
        rest.start()
        assert client.read(32 * MEGA) == bytes(32 * MEGA)
        rest.join()


def f56_a_link_that_was_down_for_a_while_goes_on() -> None:
    with arena() as stage, stage.client() as client:
        stage.get(client)
        peer = stage.upstream.accept()
        peer.request()
        run("ip", "link", "set", "lo", "down")
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        run("ip", "link", "set", "lo", "up")
        assert client.response().text == "ok"
        stage.get(client)
        peer.request()
        peer.answer()
        assert client.response().status == 200


def f57_half_of_the_upstreams_behind_a_partition_cost_no_answer() -> None:
    with arena() as stage, Origin("near") as near, Origin("far") as far:
        addresses = [("127.0.0.1", one.port) for one in (near, far)]
        stage.gate.route_to(*addresses, policy=Policy(timeouts=Timeouts(connect_ms=200, read_ms=200)))
        rule(f"tcp dport {far.port} drop")
        with stage.client() as client:
            for _ in range(6):
                answer = asked(client)
                assert (answer.status, answer.text.startswith("near")) == (200, True)
        forget()
        assert stage.gate.counters()["RetriesTimeout"] >= 1


def f58_a_path_that_swallows_large_packets_is_a_timeout() -> None:
    with arena() as stage:
        stage.gate.route_to(stage.upstream, policy=QUICK)
        rule(f"tcp dport {stage.upstream.address[1]} meta length > 1400 drop")
        with stage.client() as client:
            stage.get(client, "/", f"X-Large: {'x' * 8_000}")
            assert client.response().status == 504
        forget()


def f61_without_a_free_port_it_is_503_until_one_is_free() -> None:
    """The kernel has a few ports for connections that name none of their own, as clients here do."""
    with Upstream() as upstream:
        gate = Gate()
        gate.route_to(upstream)
        sources = [("127.0.0.1", 20_000 + number) for number in range(PORTS + 5)]
        clients = [WireClient(gate.address(), source=source) for source in sources]
        Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(f"40000 {40_000 + PORTS - 1}\n")
        for client in clients:
            client.send(GET)
        gate.wait_for(UpstreamConnectResources=1, RequestsStarted=len(clients))
        peers = []
        while upstream.pending():
            peers.append(upstream.accept())
        for peer in peers:
            peer.request()
            peer.answer()
        statuses = [client.response().status for client in clients]
        assert set(statuses) == {200, 503}, statuses
        assert statuses.count(200) == len(peers)
        refused = clients[statuses.index(503)]
        refused.send(GET)
        kept, _, _ = select.select([peer.socket for peer in peers], [], [], 10)
        (again,) = [peer for peer in peers if peer.socket in kept]
        again.request()
        again.answer()
        assert refused.response().status == 200
        for client in clients:
            client.close()
        gate.close()


def main() -> None:
    scene: Callable[[], None] = globals()[sys.argv[1]]
    scene()


if __name__ == "__main__":
    main()
