"""A wall clock that jumps, in both processes, while requests are served.

Names carry the number of the experiment in the catalogue of faults. A library that is compiled here moves the clock.
"""

import re
import shutil
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import pytest

from tests.support.gateway_process import Gateway
from tests.support.load import Load
from tests.support.manifests import ingress, opaque, put, service, slices
from tests.support.pki import Authority
from tests.support.raw_client import fetch
from tests.support.site import HOST, Site, get, probe, until
from tests.support.tls_origin import TlsOrigin

SOURCE: Final = Path(__file__).with_name("wall_clock.c")
HOUR: Final = 3600
YEARS: Final = 10 * 365 * 24 * HOUR
JUMPS: Final = (HOUR, -HOUR, YEARS, 0)


class Wall:
    """The wall clock of a gateway, so many seconds away from ours."""

    def __init__(self, folder: Path) -> None:
        library, self._file = folder / "wall_clock.so", folder / "shift"
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        self.variables = {"LD_PRELOAD": str(library), "SHIFT": str(self._file)}
        self._file.write_bytes(bytes(8))

    def shift(self, seconds: int) -> None:
        with self._file.open("r+b") as file:  # in place: it is mapped
            file.write(struct.pack("q", seconds))


@pytest.fixture
def wall(tmp_path: Path) -> Wall:
    if not shutil.which("cc"):
        pytest.skip("no C compiler is installed")
    return Wall(tmp_path)


def counted(gateway: Gateway, series: str) -> int:
    found = re.search(rf"^{re.escape(series)} (\d+)$", probe(gateway, "/metrics").text, re.MULTILINE)
    assert found, series
    return int(found[1])


def ahead(gateway: Gateway) -> float:
    """By how many seconds the gateway's answers are dated later than we would."""
    date = get(gateway, "no.such.host").header("date")
    assert date
    return parsedate_to_datetime(date).timestamp() - time.time()


def test_f96_no_timeout_and_no_kept_connection_goes_by_the_wall(site: Site, wall: Wall) -> None:
    gateway = site.start("--workers=1", extra=wall.variables)
    opened = "sallygate_upstream_connections_opened_total"
    with Load(gateway.address("http"), HOST, "blue", clients=1) as load:
        before = counted(gateway, opened)
        for jump in JUMPS:
            wall.shift(jump)
            load.wait_for(100)
        assert counted(gateway, opened) == before
    assert load.failures == []
    assert counted(gateway, "sallygate_panics_total") == 0
    assert gateway.stop() == 0


@pytest.mark.parametrize("jump", [HOUR, -HOUR, YEARS])
def test_f96_a_request_under_way_is_answered_and_dates_follow_the_wall(site: Site, wall: Wall, jump: int) -> None:
    gateway = site.start("--workers=1", extra=wall.variables)
    site.blue.gate = threading.Event()
    answers = []
    asking = threading.Thread(target=lambda: answers.append(get(gateway)))
    asking.start()
    assert site.blue.waiting.acquire(timeout=15)
    wall.shift(jump)
    until(lambda: abs(ahead(gateway) - jump) < 60)
    site.blue.gate.set()
    asking.join(15)
    assert [one.text for one in answers] == ["blue"]
    site.blue.gate = None
    site.point_at(gateway, site.green)  # control goes on, too
    assert probe(gateway, "/readyz").status == 200
    assert gateway.stop() == 0


@pytest.fixture
def inside(tmp_path: Path, site: Site) -> Iterator[str]:
    """A host whose backend shows a certificate that is verified, and that ends in 29 days."""
    authority, host = Authority(), "inside.example.com"
    with ExitStack() as stack:
        origin = stack.enter_context(TlsOrigin(authority.server_context(tmp_path)))
        annotations = {
            "nginx.ingress.kubernetes.io/backend-protocol": "HTTPS",
            "nginx.ingress.kubernetes.io/proxy-ssl-secret": "default/inside",
            "nginx.ingress.kubernetes.io/proxy-ssl-verify": "on",
            "nginx.ingress.kubernetes.io/proxy-ssl-name": "127.0.0.1",
        }
        chain, key = authority.issue("gateway.example")
        put(
            site.manifests, "secret.yaml", opaque("inside", {"ca.crt": authority.pem, "tls.crt": chain, "tls.key": key})
        )
        put(site.manifests, "inside.yaml", ingress("inside", host, "inside", annotations=annotations))
        put(site.manifests, "backend.yaml", f"{service('inside')}---\n{slices('inside', origin.address)}")
        yield host


def test_f96_certificates_end_by_the_wall(site: Site, wall: Wall, inside: str) -> None:
    """Each request has a connection of its own: `--upstream-keepalive-requests=1`."""
    gateway = site.start("--workers=1", "--upstream-keepalive-requests=1", extra=wall.variables)
    for jump, status in ((0, 200), (YEARS, 502), (-YEARS, 502), (0, 200)):
        wall.shift(jump)
        assert fetch(gateway.address("http"), inside).status == status
        assert get(gateway).text == "blue"
    assert gateway.stop() == 0
