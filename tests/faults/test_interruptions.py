"""System calls that are interrupted, and memory that is not to be had where C and Python meet.

Names carry the number of the experiment in the catalogue of faults.
"""

import contextlib
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.engine import HOST as ROUTED
from tests.support.engine import Gate
from tests.support.load import Load
from tests.support.origin import Answer
from tests.support.site import HOST, Site, probe, until

#: Every call that the data plane waits by, or that takes connections and bytes.
CALLS: Final = ("accept4", "read,recvfrom", "write,sendto,writev", "epoll_wait")
LARGE: Final = b"blue" + bytes(300_000)


@contextlib.contextmanager
def interrupted(pid: int, calls: str, folder: Path) -> Iterator[Path]:
    """Every third of these calls of each thread is interrupted before it has done anything. Yields strace's log."""
    log = folder / "strace.log"
    command = ["strace", "-f", "-qq", "-p", str(pid), "-o", str(log), f"-etrace={calls}"]
    with subprocess.Popen([*command, f"-einject={calls}:error=EINTR:when=3+3"]) as tracer:
        try:
            until(log.exists)
            yield log
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(15)


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("calls", CALLS)
def test_f95_calls_that_are_interrupted_are_made_again(site: Site, tmp_path: Path, calls: str, *, tls: bool) -> None:
    site.blue.script = lambda _: Answer(pieces=(LARGE,))
    gateway = site.start("--workers=1")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the gateway's own
    address, pid = gateway.address("https" if tls else "http"), gateway.pid("dataplane")
    with (
        Load(address, HOST, "blue", clients=2, tls=context if tls else None) as kept,
        Load(address, HOST, "blue", clients=2, tls=context if tls else None, fresh=True) as fresh,
    ):
        with interrupted(pid, calls, tmp_path) as log:
            until(lambda: log.read_text().count("(INJECTED)") >= 100)
            kept.wait_for(20)
            fresh.wait_for(20)
        assert probe(gateway, "/readyz").status == 200
    assert kept.failures == fresh.failures == []
    assert gateway.pid("dataplane") == pid
    assert gateway.stop() == 0


def test_f95_memory_that_is_not_to_be_had_is_an_exception_and_no_more() -> None:
    """In the module where C and Python meet, whichever allocation it is that fails."""
    nowhere = pytest.importorskip("_testcapi", reason="this Python has no allocator that fails on demand")
    with contextlib.closing(Gate()) as gate:
        gate.route_to(("127.0.0.1", 1))
        with gate.client() as client:
            client.send(f"GET / HTTP/1.1\r\nHost: {ROUTED}\r\n\r\n".encode())
            assert client.response().status == 502
        gate.engine.drain(1_000)  # its threads have ended, so nothing changes any more
        assert gate.counters()["RequestsFinished"] == 1
        reader = gate.reader
        for call in (reader.exposition, reader.counters, lambda: reader.slot_rows(0, 8), reader.drain):
            expected = None if call == reader.drain else call()
            failed = 0
            for first in range(200):
                nowhere.set_nomemory(first, first + 1)
                try:
                    call()
                except MemoryError:
                    failed += 1
                finally:
                    nowhere.remove_mem_hooks()
            assert failed > 0
            assert expected is None or call() == expected
