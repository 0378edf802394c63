"""Processes that are killed, stopped and asked to leave, under load."""

import os
import select
import signal
import socket
import threading
import time

from tests.support.load import Load
from tests.support.raw_client import RawClient, fetch
from tests.support.site import HOST, Site, get, probe, until

CLIENTS = 4


def _refused(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=10).close()
    except ConnectionRefusedError:
        return True
    return False


def test_control_is_killed_and_traffic_never_notices(site: Site) -> None:
    gateway = site.start()
    killed = gateway.pid("control")
    with Load(gateway.address("http"), HOST, "blue", clients=CLIENTS) as load:
        seen = gateway.err.count()
        os.kill(killed, signal.SIGKILL)
        gateway.wait_for_pid("control", other_than=killed)
        load.wait_for(CLIENTS * 20)
        gateway.err.wait("snapshot", after=seen)  # it has come to an agreement with the data plane again
    assert load.failures == []
    with Load(gateway.address("http"), HOST, ("blue", "green"), clients=CLIENTS) as load:
        site.point_at(gateway, site.green)
        load.wait_for(CLIENTS)
    assert load.failures == []
    assert get(gateway).text == "green"
    assert gateway.stop() == 0


def test_the_data_plane_is_killed_and_returns_without_controls_help(site: Site) -> None:
    gateway = site.start()
    dataplane, control = gateway.pid("dataplane"), gateway.pid("control")
    with Load(gateway.address("http"), HOST, "blue", clients=CLIENTS) as load:
        os.kill(control, signal.SIGSTOP)
        began = time.monotonic()
        os.kill(dataplane, signal.SIGKILL)
        served = fetch(gateway.address("http"), HOST)
        took = time.monotonic() - began
        gateway.wait_for_pid("dataplane", other_than=dataplane)
        load.wait_for(CLIENTS * 20)
    assert served.text == "blue"
    assert took < 1.0
    # Only what the dead process held in its hands is lost: at most one request per client, on a connection of its own.
    assert len(load.failures) <= CLIENTS
    # No new connection fails: those that came meanwhile waited in the sockets that the supervisor keeps.
    assert [failure for failure in load.failures if failure.new_connection] == []
    with Load(gateway.address("http"), HOST, ("blue", "green"), clients=CLIENTS) as load:
        os.kill(control, signal.SIGCONT)
        site.point_at(gateway, site.green)
    assert load.failures == []
    assert gateway.stop() == 0


def test_control_is_stopped_for_long_and_catches_up(site: Site) -> None:
    gateway = site.start()
    control = gateway.pid("control")
    with Load(gateway.address("http"), HOST, ("blue", "green"), clients=CLIENTS) as load:
        os.kill(control, signal.SIGSTOP)
        load.wait_for(CLIENTS * 50)
        os.kill(control, signal.SIGCONT)
        site.point_at(gateway, site.green)
    assert load.failures == []
    assert get(gateway).text == "green"
    assert gateway.stop() == 0


def test_sigterm_finishes_what_runs_and_turns_readiness_off(site: Site) -> None:
    gateway = site.start()
    site.blue.gate = threading.Event()
    address = gateway.address("http")
    with RawClient(address) as client:
        client.send(f"GET /slow HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert site.blue.waiting.acquire(timeout=10)
        health = gateway.address("health")
        gateway.send(signal.SIGTERM)
        until(lambda: fetch(health, "probe", "/readyz").status == 503)
        assert fetch(health, "probe", "/healthz").status == 500
        assert fetch(health, "probe", "/livez").status == 200
        until(lambda: _refused(address))  # the listener is closed while the request still runs
        assert not site.blue.gate.is_set()
        site.blue.gate.set()
        answer = client.response()
        assert (answer.status, answer.text) == (200, "blue")
        assert (answer.header("connection") or "").lower() == "close"
        assert client.closed()
    assert gateway.wait() == 0
    assert not gateway.ready_file.exists()


def test_sigterm_under_load_serves_on_while_load_balancers_turn_away(site: Site) -> None:
    gateway = site.start("--shutdown-grace-period=600")
    health = gateway.address("health")
    with Load(gateway.address("http"), HOST, "blue", clients=CLIENTS) as load:
        gateway.send(signal.SIGTERM)
        until(lambda: fetch(health, "probe", "/readyz").status == 503)
        load.wait_for(CLIENTS * 20)
    assert load.failures == []
    gateway.send(signal.SIGTERM)  # there is nothing left to wait for
    assert gateway.wait() == 0


def test_sigterm_under_load_finishes_every_request_on_its_connections(site: Site) -> None:
    gateway = site.start()
    with Load(gateway.address("http"), HOST, "blue", clients=CLIENTS, pause=0.0) as load:
        gateway.send(signal.SIGTERM)
        assert gateway.wait() == 0
    assert load.failures, "somebody still listens"
    # Clients were told `Connection: close` and went; that new ones are turned away is all that may happen.
    assert [failure for failure in load.failures if not failure.new_connection] == []


def test_the_supervisor_is_killed_and_nobody_stays_behind(site: Site) -> None:
    gateway = site.start()
    pids = [gateway.pid(name) for name in ("control", "dataplane")]
    descriptors = [os.pidfd_open(pid) for pid in pids]
    gateway.send(signal.SIGKILL)
    for descriptor in descriptors:
        assert select.select([descriptor], [], [], 30)[0], "a child outlived its supervisor"
        os.close(descriptor)


def test_a_second_request_to_stop_does_not_wait(site: Site) -> None:
    gateway = site.start("--drain-timeout=600")
    site.blue.gate = threading.Event()
    health = gateway.address("health")
    with RawClient(gateway.address("http")) as client:
        client.send(f"GET /slow HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert site.blue.waiting.acquire(timeout=10)
        gateway.send(signal.SIGINT)
        until(lambda: fetch(health, "probe", "/readyz").status == 503)  # a signal that is still pending is not counted
        gateway.send(signal.SIGINT)
        assert gateway.wait() == 0
        assert client.closed()
    assert "1 connections were cut" in gateway.err.text()
    site.blue.gate.set()


def test_a_log_that_nobody_reads_never_stalls_traffic(site: Site) -> None:
    pipe = site.state_dir.parent / "log"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    gateway = site.start(f"--access-log={pipe}")
    with RawClient(gateway.address("http")) as client:
        for _ in range(2_000):  # several times what a pipe holds
            assert client.get(HOST).text == "blue"
    assert probe(gateway, "/readyz").status == 200
    assert gateway.stop() == 0
    assert "did not take its last lines" in gateway.err.text()
    os.close(reader)
