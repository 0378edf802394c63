"""How the service that decides is asked: over which connections, and what is said where it cannot be."""

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ingress_nginx.conftest import World
from tests.support.manifests import service
from tests.support.origin import Answer, Origin
from tests.support.site import probe, until

URL = "http://auth.default.svc.cluster.local/verify"
ONE_WORKER = "--workers=1"


def connections_of(world: World, **annotations: str) -> Callable[[int], int]:
    """How many connections the service has got for some more requests, one after the other."""
    host, auth = world.host(), world.origins["auth"]
    world.add(world.ingress(host, auth_url=URL, **annotations))

    def ask(times: int) -> int:
        before = auth.connections
        assert [world.get(host).status for _ in range(times)] == [200] * times
        return auth.connections - before

    return ask


def test_a_connection_to_the_service_is_used_again(start: Callable[..., World]) -> None:
    world = start(ONE_WORKER)
    assert connections_of(world)(20) == 1
    assert connections_of(world, auth_keepalive="4")(20) == 0, "the one from before is good for this, too"


def test_it_is_closed_after_so_many_requests(start: Callable[..., World]) -> None:
    world = start(ONE_WORKER)
    assert connections_of(world, auth_keepalive="4", auth_keepalive_requests="5")(20) == 4
    assert connections_of(world, auth_keepalive="4", auth_keepalive_requests="1")(6) == 6


def test_without_auth_keepalive_the_number_means_nothing(start: Callable[..., World]) -> None:
    assert connections_of(start(ONE_WORKER), auth_keepalive_requests="1", auth_keepalive_timeout="1")(6) == 1


def test_variables_are_shared_or_not_with_the_same_connections(start: Callable[..., World]) -> None:
    world = start(ONE_WORKER)
    for value in ("true", "false"):
        ask = connections_of(world, auth_keepalive="4", auth_keepalive_share_vars=value, auth_keepalive_requests="3")
        assert ask(9) == 3


def test_an_idle_one_is_closed_after_its_time(start: Callable[..., World]) -> None:
    world = start(ONE_WORKER)
    auth = world.origins["auth"]
    ask = connections_of(world, auth_keepalive="4", auth_keepalive_timeout="1")
    assert ask(2) == 1
    until(lambda: auth.closed == auth.connections)
    assert ask(2) == 1


@pytest.mark.parametrize(("kept", "made"), [("1", 3), ("4", 0)])
def test_no_more_are_kept_idle_than_it_says(start: Callable[..., World], kept: str, made: int) -> None:
    world = start(ONE_WORKER)
    host, auth = world.host(), world.origins["auth"]
    world.add(world.ingress(host, auth_url=URL, auth_keepalive=kept))

    def four_at_a_time() -> int:
        before, auth.gate = auth.connections, threading.Event()
        gate, statuses = auth.gate, []
        clients = [threading.Thread(target=lambda: statuses.append(world.get(host).status)) for _ in range(4)]
        for client in clients:
            client.start()
        for _ in clients:
            assert auth.waiting.acquire(timeout=20)
        auth.gate = None
        gate.set()
        for client in clients:
            client.join()
        assert statuses == [200] * 4
        return auth.connections - before

    assert four_at_a_time() == 4
    assert four_at_a_time() == made


@pytest.fixture
def refusing() -> Iterator[str]:
    """An address that is taken, where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def test_why_it_could_not_be_asked_is_told_by_log_and_metrics(
    start: Callable[..., World], tmp_path: Path, refusing: str
) -> None:
    log = tmp_path / "access.log"
    world = start(f"--map=default/refusing={refusing}", f"--access-log={log}", "--access-log-format=json")
    auth, one = world.origins["auth"], world.origins["one"]
    names = {name: world.host() for name in ("asked", "refused", "absent", "looped")}
    world.add(
        service("refusing"),
        world.ingress(names["asked"], auth_url=URL, proxy_read_timeout="1"),
        world.ingress(names["refused"], auth_url="http://refusing.default.svc.cluster.local/"),
        world.ingress(names["absent"], auth_url="http://empty.default.svc.cluster.local/"),
        world.ingress(names["looped"], auth_url="https://$host/"),
    )
    before = len(one.requests)
    held = threading.Event()

    def fault(case: str, answer: Answer | None = None) -> str:
        auth.script = (lambda _: answer) if answer else auth.script
        got = world.get(names[case], f"/{case}", "Accept: application/json")
        assert got.status == 500
        return str(json.loads(got.text)["code"])

    auth.gate = held
    found = [(fault("asked"), "timeout")]
    auth.gate = None
    held.set()
    found += [
        (fault("asked", Answer(418)), "status"),
        (fault("asked", Answer(raw=b"hello\r\n\r\n")), "syntax"),
        (fault("asked", Answer(raw=b"HTTP/1.1 2")), "abort"),
        (fault("refused"), "connect"),
        (fault("absent"), "no_endpoint"),
        (fault("looped"), "policy"),
    ]
    assert [code for code, _ in found] == [
        "authorisation_read_timeout",
        "authorisation_failed",
        "authorisation_bad_answer",
        "authorisation_broken",
        "authorisation_connect_failed",
        "authorisation_no_endpoint",
        "authorisation_unaskable",
    ]
    assert len(one.requests) == before
    counted = dict.fromkeys((kind for _, kind in found), 1)
    until(lambda: sum(authorisation_faults(world).values()) == len(counted))
    assert authorisation_faults(world) == counted
    until(lambda: len(logged(log)) >= len(found))
    assert sorted(logged(log)) == sorted(code for code, _ in found)


def authorisation_faults(world: World) -> dict[str, int]:
    text = probe(world.gateway, "/metrics").text
    rows = re.findall(r'^sallygate_faults_total\{origin="authorisation",kind="(\w+)"\} (\d+)$', text, re.MULTILINE)
    return {kind: int(count) for kind, count in rows if count != "0"}


def logged(log: Path) -> list[str]:
    faults = [json.loads(line)["fault"] for line in log.read_text().splitlines()]
    return [fault for fault in faults if fault and fault.startswith("authorisation")]


def test_the_order_of_connections_has_no_say(world: World, auth: Origin) -> None:
    """With several workers each has connections of its own, and every request is asked about all the same."""
    host = world.host()
    world.add(world.ingress(host, auth_url=URL, auth_keepalive="1", auth_keepalive_requests="2"))
    auth.requests.clear()
    assert [world.get(host).status for _ in range(20)] == [200] * 20
    assert len(auth.requests) == 20
