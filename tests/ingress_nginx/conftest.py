"""One gateway for all cases, in front of four real backends; each case has hosts of its own.

What needs flags or options of its own, or is about every host, starts a gateway for itself (`start`).
"""

import contextlib
import itertools
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from cryptography import x509

from tests.ingress_nginx.manifests import config_map
from tests.support.gateway_process import Gateway
from tests.support.manifests import ingress, put, service
from tests.support.origin import Origin
from tests.support.raw_client import RawClient, Response, fetch
from tests.support.site import until

PREFIX = "nginx.ingress.kubernetes.io"
OPTIONS = "options"


class World:
    """`add` writes manifests, and comes back once they are served; what it returns takes them back by `remove`."""

    def __init__(self, folder: Path, gateway: Gateway, origins: dict[str, Origin]) -> None:
        self.gateway = gateway
        self.origins = origins
        self._folder = folder
        self._numbers = itertools.count()

    def host(self) -> str:
        """A name that nobody else has."""
        return f"case-{next(self._numbers)}.example.com"

    def add(self, *documents: str, file: str = "") -> str:
        """Returns the name of the file. With `file` they take the place of what was added under this name before."""
        number = next(self._numbers)
        marker = f"marker-{number}.example.com"
        text = "---\n".join((*documents, ingress(f"marker-{number}", marker, "one")))
        name = f"case-{file or number}.yaml"
        put(self._folder, name, text)
        until(lambda: self.get(marker).status != 404)
        return name

    def remove(self, name: str) -> None:
        """Comes back at once."""
        (self._folder / name).unlink()

    def ingress(self, host: str, service: str = "one", *, path: str = "/", tls: str = "", **annotations: str) -> str:
        """Names of annotations have underscores here. With any `tls` the host has an entry in spec.tls."""
        notes = {f"{PREFIX}/{name.replace('_', '-')}": value for name, value in annotations.items()}
        text = ingress(f"i{next(self._numbers)}", host, service, path=path, annotations=notes)
        return text.replace("  rules:", f"  tls:\n  - hosts: [{host}]\n  rules:") if tls else text

    def configure(self, options: Mapping[str, str]) -> None:
        """Other options, from now on; comes back at once."""
        configure(self._folder, options)

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

    def get_tls(self, host: str, path: str = "/", *headers: str, name: str | None = None) -> Response:
        """Whatever certificate is shown. `name` is the one that the handshake asks for, if it is not the host."""
        with self._client_tls(host if name is None else name) as client:
            return client.get(host, path, *headers)

    def shown(self, name: str) -> set[str]:
        """The names in the certificate that is shown to who asks for one."""
        with self._client_tls(name) as client:
            assert isinstance(client.socket, ssl.SSLSocket)
            der = client.socket.getpeercert(binary_form=True)
        assert der is not None
        extension = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return set(extension.value.get_values_for_type(x509.DNSName))

    def _client_tls(self, name: str) -> RawClient:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return RawClient(self.gateway.address("https"), tls=context, server_name=name)


def configure(folder: Path, options: Mapping[str, str]) -> None:
    put(folder, "options.yaml", config_map(OPTIONS, options))


@contextlib.contextmanager
def starting(folder: Path, *flags: str, options: Mapping[str, str] | None = None) -> Iterator[World]:
    manifests = folder / "manifests"
    manifests.mkdir()
    names = ("one", "two", "errors", "auth")
    with contextlib.ExitStack() as stack:
        origins = {name: stack.enter_context(Origin(name)) for name in names}
        put(manifests, "services.yaml", service(*names, "empty"))
        if options is not None:
            configure(manifests, options)
            flags = (*flags, f"--configmap=default/{OPTIONS}")
        maps = [f"--map=default/{name}={origin.address}" for name, origin in origins.items()]
        gateway = Gateway(folder, *maps, f"--state-dir={folder / 'state'}", "--access-log=off", *flags, manifests)
        stack.callback(gateway.close)
        gateway.ready()
        gateway.err.wait(r" snapshot \w+: ")
        yield World(manifests, gateway, origins)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with starting(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Another gateway, with flags and `options` of the ConfigMap."""
    with contextlib.ExitStack() as stack:

        def start(*flags: str, options: Mapping[str, str] | None = None) -> World:
            return stack.enter_context(starting(tmp_path, *flags, options=options))

        yield start


@pytest.fixture
def one(world: World) -> Iterator[Origin]:
    """The backend that most cases lead to, as it is by default again afterwards."""
    origin = world.origins["one"]
    script = origin.script
    yield origin
    origin.script = script


@pytest.fixture
def auth(world: World) -> Iterator[Origin]:
    """The service that decides about requests. By default everybody may pass."""
    origin = world.origins["auth"]
    script = origin.script
    origin.requests.clear()
    yield origin
    origin.script = script
