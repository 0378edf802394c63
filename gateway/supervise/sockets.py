"""Listening sockets, made before the data plane starts and kept while it restarts.

Each worker has a socket of its own on the same port (SO_REUSEPORT), and the kernel spreads connections over them. That
option would also let a second gateway share the port without a word, so a plain probe comes first.
"""

import errno
import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

BACKLOG = 4096  # connections that wait while the data plane is restarted; the kernel cuts it to net.core.somaxconn


class ListenError(Exception):
    """Says in one sentence which flag asked for which address, and what is in the way."""


class Listening(NamedTuple):
    """`address` is what was really bound, as `ip:port` with brackets around IPv6."""

    address: str
    sockets: tuple[socket.socket, ...]

    @property
    def fds(self) -> tuple[int, ...]:
        return tuple(sock.fileno() for sock in self.sockets)

    def detach(self) -> None:
        """Somebody else owns the descriptors now."""
        for sock in self.sockets:
            sock.detach()

    def close(self) -> None:
        for sock in self.sockets:
            sock.close()


def listen(host: str, port: int, count: int, *, flag: str) -> Listening:
    """`count` sockets on one port; port 0 takes a free one. `flag` is the option to name in an error."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made: list[socket.socket] = []
    try:
        if port:
            with _bound(family, host, port, shared=False):
                pass
        for _ in range(count):
            made.append(_bound(family, host, port, shared=True))
            port = made[0].getsockname()[1]
        for sock in made:
            sock.listen(BACKLOG)
    except OSError as error:
        for sock in made:
            sock.close()
        raise ListenError(_explain(error, host, port, flag)) from error
    return Listening(text(made[0].getsockname()), tuple(made))


def adopt(fds: Iterable[int]) -> Listening:
    """Listening sockets that a parent process made and passed on."""
    sockets = tuple(socket.socket(fileno=fd) for fd in fds)
    for sock in sockets:
        sock.set_inheritable(False)
    return Listening(text(sockets[0].getsockname()), sockets)


def text(name: tuple[str, int] | tuple[str, int, int, int]) -> str:
    """`ip:port` of a socket name."""
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def reachable(address: str) -> tuple[str, int]:
    """Where to connect to for a bound address: the wildcard addresses stand for this machine."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), int(port)  # noqa: S104 -- compared, not bound


def _bound(family: socket.AddressFamily, host: str, port: int, *, shared: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT are no obstacle
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _explain(error: OSError, host: str, port: int, flag: str) -> str:
    address = text((host, port))
    if error.errno == errno.EADDRINUSE:
        return (
            f"{flag} {port}: {address} is in use by {_holder(port) or 'another process'}. "
            f"Stop it, or choose another port ({flag} 0 takes a free one)."
        )
    if error.errno == errno.EACCES:
        return (
            f"{flag} {port}: ports below {_first_free_port()} need the capability NET_BIND_SERVICE. "
            f"Choose a higher port, or grant it."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--bind-address {host}: this machine has no such address. `ip address` lists those it has."
    return f"{flag} {port}: cannot listen on {address}: {os.strerror(error.errno or 0)}."


def _first_free_port() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    except (OSError, ValueError):
        return 1024


def _holder(port: int) -> str | None:
    """Name and pid of a process that listens on the port, as far as /proc lets us see it."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        # columns: number, local address (hex ip:port), remote, state (0A = LISTEN), …, the tenth is the inode
        inodes |= {
            f"socket:[{row[9]}]"
            for row in map(str.split, rows)
            if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port
        }
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(fd.readlink()) in inodes for fd in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue
    return None
