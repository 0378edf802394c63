"""A whole gateway between clients and an upstream that both talk nonsense: nothing crashes, nothing is left behind.

A few seconds here; `--soak SECONDS` for longer. The seed is printed when it fails, and `--soak-seed` plays it again, as
far as threads allow.
"""

import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.gateway_process import Gateway
from tests.support.load import Load
from tests.support.manifests import ingress, put, service
from tests.support.site import HOST, Site, get, probe, until
from tests.support.two_sided import HOST as ATTACKED
from tests.support.two_sided import Hostile

WARM_UP_SECONDS = 2.0
CLIENTS = 16
KEPT_FILES = 64
"""Connections to upstreams that are kept for the next request, of good and hostile ones."""
GROWN_BYTES = 64 << 20
"""Buffers that are kept for reuse, twice over, and what an allocator holds back."""


def counters(gateway: Gateway) -> dict[str, float]:
    found = re.findall(r"^(\w+(?:\{[^}]*\})?) ([0-9.e+-]+)$", probe(gateway, "/metrics").text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def resident(pid: int) -> int:
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) << 10


def in_flight(gateway: Gateway) -> float:
    now = counters(gateway)
    return now["sallygate_client_requests_in_flight"] + now["sallygate_tunnels"]


def test_nonsense_from_both_sides_breaks_nothing(
    site: Site, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    seconds = float(request.config.getoption("--soak"))
    seed = request.config.getoption("--soak-seed") or random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}, {seconds} s")  # noqa: T201
    record_property("seed", seed)
    with Hostile(seed, clients=CLIENTS) as hostile:
        put(site.manifests, "hostile.yaml", service("hostile"))
        put(site.manifests, "attacked.yaml", ingress("attacked", ATTACKED, "hostile"))
        gateway = site.start("--workers=2", f"--map=default/hostile={hostile.address}")
        pids = [gateway.pid(role) for role in ("control", "dataplane")]
        with Load(gateway.address("http"), HOST, "blue", clients=1) as load:
            hostile.attack(gateway.address("http"), WARM_UP_SECONDS)
            before = (files(pids[1]), resident(pids[1]))
            time.sleep(seconds)
            hostile.finish()
            load.wait_for(20)
        assert load.failures == []
        until(lambda: in_flight(gateway) == 0)
        now = counters(gateway)
        print(f"{hostile.played} connections, {hostile.received} to the upstream")  # noqa: T201
        assert min(hostile.played, hostile.received) > 50 * (1 if seconds < 10 else 10)
        assert now["sallygate_panics_total"] == 0
        assert [gateway.pid(role) for role in ("control", "dataplane")] == pids
        until(lambda: files(pids[1]) <= before[0] + KEPT_FILES)
        assert resident(pids[1]) <= before[1] + GROWN_BYTES
        assert get(gateway).status == 200
    assert gateway.stop() == 0
