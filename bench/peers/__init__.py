"""The contenders. One file each; to add one, write its file and name it here."""

from bench.peers.envoy import Envoy
from bench.peers.floor import Floor
from bench.peers.haproxy import HAProxy
from bench.peers.nginx import NewestNginx, Nginx
from bench.peers.peer import Peer, Running, Site
from bench.peers.sallygate import Sallygate

# In the order in which they run and are reported.
PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Floor(),
        Sallygate(),
        Nginx("nginx", log="buffered"),
        NewestNginx("nginx-newest", log="buffered"),
        HAProxy("haproxy", log="file"),
        Envoy(),
        Nginx("nginx-quiet", log="off"),
        HAProxy("haproxy-quiet", log="off"),
        Nginx("nginx-unbuffered", log="unbuffered"),
    )
}

# What a run measures unless it is told otherwise. `nginx-unbuffered` is nginx's own default log, and flatters us.
USUAL = ("floor", "sallygate", "nginx", "nginx-newest", "haproxy", "envoy", "nginx-quiet", "haproxy-quiet")

# One of each software: the same with another log says nothing new about memory, bodies or connections.
DISTINCT = frozenset({"floor", "sallygate", "nginx", "nginx-newest", "haproxy", "envoy"})

__all__ = ["DISTINCT", "PEERS", "USUAL", "Peer", "Running", "Site"]
