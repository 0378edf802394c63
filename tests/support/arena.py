"""A stage for faults on the wire: an engine, upstreams that the test plays, and bystanders who must not notice."""

import contextlib
from collections.abc import Iterator
from typing import Final

from gateway.ir.policy import Policy
from tests.support.engine import HOST, Gate
from tests.support.load import Load
from tests.support.origin import Origin
from tests.support.raw_upstream import Peer, Upstream
from tests.support.wire_client import WireClient

CALM: Final = "calm.example"


class Arena:
    """`HOST` is served by `upstream` alone at first. Meanwhile `load` keeps asking `CALM`, which others serve."""

    def __init__(self, gate: Gate, upstream: Upstream, other: Upstream, load: Load) -> None:
        self.gate = gate
        self.upstream = upstream
        self.other = other
        self.load = load

    def client(self) -> WireClient:
        return self.gate.client()

    def get(self, client: WireClient, path: str = "/", *lines: str, method: str = "GET") -> None:
        client.send("\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {HOST}", *lines, "", ""]).encode())

    def use_both(self, policy: Policy | None = None) -> None:
        self.gate.route_to(self.upstream, self.other, policy=policy)

    def accept_either(self) -> tuple[Peer, Upstream]:
        """The next connection to one of the two, and the upstream that it did not go to."""
        while True:
            for one, rest in ((self.upstream, self.other), (self.other, self.upstream)):
                if one.pending():
                    return one.accept(), rest

    def served_anew(self, client: WireClient) -> None:
        """All is well again, on the client's old connection and a new one to `upstream`."""
        self.get(client, "/well")
        peer = self.upstream.accept()
        assert peer.request().target == "/well"
        peer.answer(b"well")
        assert client.response().text == "well"


@contextlib.contextmanager
def arena(**settings: int | str) -> Iterator[Arena]:
    """Ends with the bystanders' verdict: not one failed. By then every request and every connection has ended."""
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(Origin("calm"))
        upstream, other = stack.enter_context(Upstream()), stack.enter_context(Upstream())
        gate = Gate(**settings)
        stack.callback(gate.close)
        gate.route_to(("127.0.0.1", origin.port), host=CALM)
        gate.route_to(upstream)
        with Load(gate.address(), CALM, "calm", clients=2) as load:
            yield Arena(gate, upstream, other, load)
            load.wait_for(20)
        assert load.failures == []
        gate.wait(lambda counters: counters["RequestsStarted"] == counters["RequestsFinished"])
        gate.wait(lambda counters: counters["ConnectionsOpenedHttp"] == counters["ConnectionsClosedHttp"])
