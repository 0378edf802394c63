"""One gateway for all cases, in front of three real backends; each case has hosts of its own."""

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gateway_process import Gateway
from tests.support.manifests import ingress, put, service
from tests.support.origin import Origin
from tests.support.raw_client import RawClient, Response, fetch
from tests.support.site import until

PREFIX = "nginx.ingress.kubernetes.io"


class World:
    """`add` writes manifests, and comes back once they are served."""

    def __init__(self, folder: Path, gateway: Gateway, origins: dict[str, Origin]) -> None:
        self.gateway = gateway
        self.origins = origins
        self._folder = folder
        self._numbers = itertools.count()

    def host(self) -> str:
        """A name that nobody else has."""
        return f"case-{next(self._numbers)}.example.com"

    def add(self, *documents: str, file: str = "") -> None:
        """With `file` they take the place of what was added under this name before."""
        number = next(self._numbers)
        marker = f"marker-{number}.example.com"
        text = "---\n".join((*documents, ingress(f"marker-{number}", marker, "one")))
        put(self._folder, f"case-{file or number}.yaml", text)
        until(lambda: fetch(self.gateway.address("http"), marker).status == 200)

    def ingress(self, host: str, service: str = "one", *, path: str = "/", tls: str = "", **annotations: str) -> str:
        """Names of annotations have underscores here. With any `tls` the host has an entry in spec.tls."""
        notes = {f"{PREFIX}/{name.replace('_', '-')}": value for name, value in annotations.items()}
        text = ingress(f"i{next(self._numbers)}", host, service, path=path, annotations=notes)
        return text.replace("  rules:", f"  tls:\n  - hosts: [{host}]\n  rules:") if tls else text

    def get(self, host: str, path: str = "/", *headers: str) -> Response:
        """Names in the headers as they are sent."""
        return fetch(self.gateway.address("http"), host, path, extra=headers)

    def client(self) -> RawClient:
        return RawClient(self.gateway.address("http"))

    def send(self, host: str, line: str, *headers: str, body: bytes = b"") -> Response:
        """A method and a path, and headers, on a connection of its own."""
        with self.client() as client:
            client.send("\r\n".join([f"{line} HTTP/1.1", f"Host: {host}", *headers, "", ""]).encode() + body)
            return client.response(to_head=line.startswith("HEAD"))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    manifests = folder / "manifests"
    manifests.mkdir()
    names = ("one", "two", "errors")
    with contextlib.ExitStack() as stack:
        origins = {name: stack.enter_context(Origin(name)) for name in names}
        put(manifests, "services.yaml", service(*names, "empty"))
        maps = [f"--map=default/{name}={origin.address}" for name, origin in origins.items()]
        gateway = Gateway(folder, *maps, f"--state-dir={folder / 'state'}", "--access-log=off", manifests)
        stack.callback(gateway.close)
        gateway.ready()
        gateway.err.wait(r" snapshot \w+: ")
        yield World(manifests, gateway, origins)


@pytest.fixture
def one(world: World) -> Iterator[Origin]:
    """The backend that most cases lead to, as it is by default again afterwards."""
    origin = world.origins["one"]
    script = origin.script
    yield origin
    origin.script = script
