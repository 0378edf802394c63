"""A data plane that is short of memory, of CPU time, or of time altogether.

Names carry the number of the experiment in the catalogue of faults. Two need control groups of version 1, and root.
"""

import contextlib
import os
import re
import signal
import socket
import time
from typing import Final

import pytest

from tests.faults.groups import group
from tests.support.load import Load
from tests.support.site import HOST, Site, get, probe, until

MEMORY_BYTES: Final = 256 << 20
UPLOADS: Final = 64
BODY_BYTES: Final = 900_000  # below what a route takes by default


def test_f88_large_bodies_and_answers_fit_into_little_memory(site: Site) -> None:
    gateway = site.start("--workers=2")
    address, pid = gateway.address("http"), gateway.pid("dataplane")
    head = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {BODY_BYTES}\r\n\r\n".encode()
    with (
        group("memory", f"memory-{pid}", pid, limit_in_bytes=MEMORY_BYTES) as folder,
        Load(address, HOST, "blue", clients=2) as load,
        contextlib.ExitStack() as stack,
    ):
        uploads = [stack.enter_context(socket.create_connection(address, timeout=15)) for _ in range(UPLOADS)]
        for each in uploads:
            each.sendall(head + bytes(BODY_BYTES - 1))
        load.wait_for(200)
        for each in uploads:
            each.sendall(b"x")
        for each in uploads:
            assert each.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        killed = re.search(r"^oom_kill (\d+)$", (folder / "memory.oom_control").read_text(), re.MULTILINE)
        assert killed is None or killed[1] == "0"
        assert gateway.pid("dataplane") == pid
    assert load.failures == []
    assert gateway.stop() == 0


def test_f89_with_a_fifth_of_a_core_all_is_slower_and_nothing_fails(site: Site) -> None:
    gateway = site.start("--workers=2")
    pid = gateway.pid("dataplane")
    with (
        group("cpu", f"cpu-{pid}", pid, cfs_period_us=100_000, cfs_quota_us=20_000),
        Load(gateway.address("http"), HOST, "blue", clients=8, pause=0) as load,
    ):
        load.wait_for(1_000)
        assert probe(gateway, "/readyz").status == 200
    assert load.failures == []
    assert gateway.pid("dataplane") == pid
    assert gateway.stop() == 0


@pytest.mark.parametrize("seconds", [0.2, 2.0])
def test_f97_a_data_plane_that_was_stopped_goes_on(site: Site, seconds: float) -> None:
    """No request that waited is lost, and no timeout that was not due is taken for one."""
    gateway = site.start("--workers=2")
    pid = gateway.pid("dataplane")
    with Load(gateway.address("http"), HOST, "blue", clients=4) as load:
        os.kill(pid, signal.SIGSTOP)
        try:
            # There is nothing to wait for while it stands still.
            time.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)
        load.wait_for(100)
    assert load.failures == []
    assert gateway.pid("dataplane") == pid
    until(lambda: get(gateway).status == 200)
    assert gateway.stop() == 0
