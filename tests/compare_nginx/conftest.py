"""A gateway and an nginx for each group of scenes, in front of the same backends."""

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.compare_nginx.nginx import BUILDS, Site, nginx
from tests.compare_nginx.scene import Group, Scene
from tests.compare_nginx.scenes import blocked, compression
from tests.compare_nginx.scenes.access import USERS
from tests.compare_nginx.scenes.table import SCENES
from tests.compare_nginx.sight import Place, script
from tests.support.gateway_process import Gateway
from tests.support.manifests import put, secret, service, slices
from tests.support.origin import Origin
from tests.support.pki import Authority

OPTIONS: Final[Mapping[Group, Mapping[str, str]]] = {
    "plain": {"global-allowed-response-headers": "X-Frame-Options"},
    "blocking": {"block-user-agents": blocked.USER_AGENTS, "block-referers": blocked.REFERERS},
    "compressing": compression.OPTIONS,
    "trusting": {"use-forwarded-headers": "true", "compute-full-forwarded-for": "true"},
}
NAMES: Final = ("one", "two", "errors", "three-1", "three-2", "three-3")


@pytest.fixture(scope="session")
def origins() -> Iterator[Mapping[str, Origin]]:
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(Origin(name, partial(script, name.partition("-")[0]))) for name in NAMES}


@pytest.fixture(scope="session")
def upstreams(origins: Mapping[str, Origin]) -> Iterator[Mapping[str, tuple[str, ...]]]:
    """By name, what a Service leads to. Nobody listens on the port of `gone`; it stays taken, so nobody else will. At
    `silent` the kernel takes connections, and nobody answers.
    """
    with socket.socket() as taken, socket.create_server(("127.0.0.1", 0)) as silent:
        taken.bind(("127.0.0.1", 0))
        gone, silence = (f"127.0.0.1:{one.getsockname()[1]}" for one in (taken, silent))
        addresses = {name: origin.address for name, origin in origins.items()}
        yield {
            **{name: (addresses[name],) for name in ("one", "two", "errors")},
            "half": (gone, addresses["one"]),
            "gone": (gone,),
            "silent": (silence,),
            "three": tuple(address for name, address in addresses.items() if name.startswith("three")),
        }


@pytest.fixture(scope="session")
def pair() -> tuple[bytes, bytes]:
    """A certificate and its key, for whoever asks: no client here looks at the names in it."""
    return Authority().issue("any.example")


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def of(group: Group) -> list[Scene]:
    return [scene for scene in SCENES if scene.group == group]


class Both(NamedTuple):
    ours: Place
    nginx: Place


Places = Callable[[str, Group], Both]


@pytest.fixture(scope="session")
def places(
    tmp_path_factory: pytest.TempPathFactory, upstreams: Mapping[str, tuple[str, ...]], pair: tuple[bytes, bytes]
) -> Iterator[Places]:
    """Started when first asked for. Each nginx has a gateway beside it that has counted the same requests."""
    with contextlib.ExitStack() as stack:
        started: dict[tuple[str, Group], Both] = {}

        def start(build: str, group: Group) -> Both:
            if (build, group) not in started:
                if missing := BUILDS[build].missing():
                    pytest.skip(f"nginx, {build}: {missing}")
                files = {"users": USERS.encode(), "tls.pem": b"".join(pair)}
                site = Site(group, of(group), upstreams, files)
                folder = tmp_path_factory.mktemp(f"{build}-{group}")
                running = stack.enter_context(nginx(BUILDS[build].program() or "", folder, site))
                gateway = stack.enter_context(serving(tmp_path_factory.mktemp("ours"), group, upstreams, pair))
                own = Place(gateway.address("http"), gateway.address("https"))
                started[build, group] = Both(own, Place(running.http, running.https))
            return started[build, group]

        yield start


@contextlib.contextmanager
def serving(
    folder: Path, group: Group, upstreams: Mapping[str, tuple[str, ...]], pair: tuple[bytes, bytes]
) -> Iterator[Gateway]:
    manifests = folder / "manifests"
    manifests.mkdir()
    data = "".join(f"\n  {key}: '{value}'" for key, value in OPTIONS[group].items())
    put(
        manifests, "options.yaml", f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: options}}\ndata:{data or ' {}'}"
    )
    leads_to = "---\n".join(slices(name, *addresses) for name, addresses in upstreams.items())
    put(manifests, "services.yaml", f"{service(*upstreams)}---\n{leads_to}---\n{secret('any', *pair)}")
    for scene in of(group):
        put(manifests, f"{scene.name}.yaml", scene.manifest)
    flags = ["--configmap=default/options", f"--state-dir={folder / 'state'}", "--access-log=off"]
    gateway = Gateway(folder, *flags, manifests)
    try:
        gateway.ready()
        gateway.err.wait(r" snapshot \w+: ")
        yield gateway
    finally:
        gateway.close()
