"""WebSockets: a conversation goes on while Ingresses come and go around it."""

import base64
import hashlib

from tests.ingress_nginx.conftest import World
from tests.support.manifests import service, slices
from tests.support.raw_upstream import Peer, Upstream
from tests.support.wire_client import WireClient

KEY = "wLTcPPjqoSKXZyBBOJ4dPw=="
ACCEPT = base64.b64encode(hashlib.sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()


def echoes(client: WireClient, peer: Peer, said: bytes) -> bool:
    client.send(said)
    heard = peer.read(len(said))
    peer.send(heard)
    return client.read(len(said)) == said


def test_a_conversation_goes_on_while_other_ingresses_come_and_go(world: World) -> None:
    host, other = world.host(), world.host()
    name = host.partition(".")[0]
    with Upstream() as upstream, WireClient(world.gateway.address("http")) as client:
        world.add(service(name), slices(name, f"127.0.0.1:{upstream.address[1]}"), world.ingress(host, name))
        asked = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}"
        client.send(f"GET /chat HTTP/1.1\r\nHost: {host}\r\n{asked}\r\n\r\n".encode())
        peer = upstream.accept()
        received = peer.request()
        assert (received.target, received.values("upgrade"), received.values("connection")) == (
            "/chat",
            ["websocket"],
            ["upgrade"],
        )
        peer.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n".encode()
        )
        assert client.head()[0] == "HTTP/1.1 101 Switching Protocols"
        assert echoes(client, peer, b"hello")
        for number in range(3):
            added = world.add(world.ingress(other, path=f"/{number}"))
            assert world.get(other, f"/{number}").status == 200
            assert echoes(client, peer, b"still here" * number + b".")
            world.remove(added)
        world.add(world.ingress(host, path="/beside"))
        assert echoes(client, peer, bytes(range(256)))
