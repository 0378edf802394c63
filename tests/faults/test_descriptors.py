"""A data plane that runs out of descriptors: idle connections make room, and whoever is being served is not cut."""

import contextlib
import re
import resource
import socket
import time

from tests.support.gateway_process import Gateway
from tests.support.load import Load
from tests.support.site import HOST, Site, get, probe, until

FILES = 80
PAUSE_SECONDS = 0.05  # how long accepting rests after it has failed
WORKERS = 2


def _counter(gateway: Gateway, series: str) -> int:
    found = re.search(rf"^{re.escape(series)} (\d+)$", probe(gateway, "/metrics").text, re.MULTILINE)
    assert found, series
    return int(found[1])


def test_f87_the_limit_of_open_files_is_reached_and_left_again(site: Site) -> None:
    gateway = site.start(f"--workers={WORKERS}")
    address = gateway.address("http")
    with Load(address, HOST, "blue", clients=1) as load, contextlib.ExitStack() as idle:
        began = time.monotonic()
        resource.prlimit(gateway.pid("dataplane"), resource.RLIMIT_NOFILE, (FILES, FILES))
        for _ in range(3 * FILES):
            idle.enter_context(socket.create_connection(address, timeout=10))
        load.wait_for(200)
        until(lambda: _counter(gateway, "sallygate_client_connections_shed_total") > 0)
        idle.close()
        # It rests instead of burning the core that could free some.
        rests = WORKERS * (2 + (time.monotonic() - began) / PAUSE_SECONDS)
        refused = _counter(gateway, 'sallygate_client_connections_refused_total{reason="resources"}')
        assert 0 < refused <= rests
    assert load.failures == []
    until(lambda: get(gateway).status == 200)
    assert gateway.stop() == 0
