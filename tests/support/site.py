"""A folder of manifests, two real upstreams, and a gateway in front of them."""

import contextlib
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.gateway_process import Gateway
from tests.support.manifests import ingress, put, service
from tests.support.origin import Origin, origins
from tests.support.raw_client import Response, fetch

HOST = "app.example.com"


class Site:
    """`HOST` is served by `blue` at first. `point_at` writes the manifest anew, and waits until it is served."""

    def __init__(self, folder: Path, blue: Origin, green: Origin, stack: contextlib.ExitStack) -> None:
        self.manifests = folder / "manifests"
        self.manifests.mkdir()
        self.state_dir = folder / "state"
        self.blue, self.green = blue, green
        self._folder = folder
        self._stack = stack
        self._edits = 0
        put(self.manifests, "services.yaml", service("blue", "green"))
        put(self.manifests, "app.yaml", ingress("app", HOST, "blue"))

    def start(
        self, *arguments: str, extra: dict[str, str] | None = None, through: tuple[str, ...] = (), ready: bool = True
    ) -> Gateway:
        maps = [f"--map=default/{each.name}={each.address}" for each in (self.blue, self.green)]
        flags = [*maps, f"--state-dir={self.state_dir}", "--access-log=off", *arguments]
        gateway = Gateway(self._folder, *flags, self.manifests, extra=extra, through=through)
        self._stack.callback(gateway.close)
        if not ready:
            return gateway
        gateway.ready()
        # The ready file may be older than what control has to say: a restored snapshot makes it ready as well.
        gateway.out.wait("Ctrl-C stops")
        gateway.err.wait(r" snapshot \w+: ")
        return gateway

    def point_at(self, gateway: Gateway, origin: Origin) -> float:
        """Seconds from the edit until it was seen in an answer. Each call is a change, also to the same origin."""
        self._edits += 1
        marker = f"edit-{self._edits}.example.com"
        text = ingress("app", HOST, origin.name, annotations={"example.com/edit": str(self._edits)})
        began = time.monotonic()
        put(self.manifests, "app.yaml", f"{text}---\n{ingress('marker', marker, origin.name)}")
        until(lambda: get(gateway, marker).text == origin.name)
        return time.monotonic() - began


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Asks again and again. For what only shows in answers."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.002)


def get(gateway: Gateway, host: str = HOST, path: str = "/", *extra: str) -> Response:
    return fetch(gateway.address("http"), host, path, extra=extra)


def get_tls(gateway: Gateway, tls: ssl.SSLContext, host: str = HOST) -> Response:
    return fetch(gateway.address("https"), host, tls=tls)


def probe(gateway: Gateway, path: str) -> Response:
    return fetch(gateway.address("health"), "probe", path)


@contextlib.contextmanager
def site(folder: Path) -> Iterator[Site]:
    with contextlib.ExitStack() as stack:
        blue, green = stack.enter_context(origins("blue", "green"))
        yield Site(folder, blue, green, stack)
