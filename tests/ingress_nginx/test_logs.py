"""The access log as options ask for it, as whoever reads its file meets it."""

import contextlib
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ingress_nginx.conftest import World
from tests.support.manifests import service
from tests.support.raw_client import BrokenAnswerError, RawClient
from tests.support.site import until

Start = Callable[..., World]
FORM = "$host $request_uri $status"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def told(file: Path, *expected: str) -> None:
    """Waits for the last of the lines; those of markers are not among them."""
    until(lambda: expected[-1] in file.read_text().splitlines())
    assert [line for line in file.read_text().splitlines() if "marker" not in line] == list(expected)


def test_a_line_names_the_object_and_whoever_took_the_request(start: Start, file: Path) -> None:
    form = (
        "$host $namespace $service_name $service_port $proxy_upstream_name [$proxy_alternative_upstream_name] "
        "$upstream_status"
    )
    world = start(f"--access-log={file}", options={"log-format-upstream": form})
    world.add(
        world.ingress("own.example"),
        world.ingress("split.example"),
        world.ingress("split.example", "two", canary="true", canary_by_header="x-canary"),
    )
    world.get("own.example")
    told(file, "own.example default one 80 default-one-80 [] 200")
    world.get("split.example", "/", "X-Canary: always")
    told(
        file,
        "own.example default one 80 default-one-80 [] 200",
        "split.example default one 80 default-one-80 [default-two-80] 200",
    )


def test_a_change_of_the_form_holds_from_the_next_request_on(start: Start, file: Path) -> None:
    world = start(f"--access-log={file}", options={"log-format-upstream": FORM})
    world.add(world.ingress("own.example"))
    with world.client() as kept:
        kept.get("own.example", "/a")
        told(file, "own.example /a 200")
        world.configure({"log-format-upstream": f"new {FORM}"})
        world.add()
        kept.get("own.example", "/b")
        told(file, "own.example /a 200", "new own.example /b 200")


def test_what_no_route_takes_and_what_is_refused_follows_the_form(start: Start, file: Path) -> None:
    world = start(f"--access-log={file}", options={"log-format-upstream": "$request $status"})
    world.get("nobody.example", "/x")
    told(file, "GET /x HTTP/1.1 404")
    with RawClient(world.gateway.address("http")) as client:
        client.send(b"nonsense\r\n\r\n")
        assert client.response().status == 400
    told(file, "GET /x HTTP/1.1 404", "nonsense 400")


def test_hosts_that_nobody_serves_can_be_kept_out(start: Start, file: Path) -> None:
    options = {"log-format-upstream": FORM, "enable-access-log-for-default-backend": "false"}
    world = start(f"--access-log={file}", options=options)
    world.add(world.ingress("own.example", path="/a"))
    world.get("nobody.example", "/x")
    world.get("own.example", "/b")
    told(file, "own.example /b 404")


def test_urls_can_be_kept_out(start: Start, file: Path) -> None:
    options = {"log-format-upstream": FORM, "skip-access-log-urls": r"/Health,~^/live,~*\.PNG$"}
    world = start(f"--access-log={file}", options=options)
    world.add(world.ingress("own.example"))
    for target in ("/health", "/health?x", "/live/1", "/LIVE", "/a.png", "/end"):
        world.get("own.example", target)
        if target in {"/health?x", "/LIVE"}:
            until(lambda: f"own.example {target} 200" in file.read_text())  # noqa: B023 - asked here only
    told(file, "own.example /health?x 200", "own.example /LIVE 200", "own.example /end 200")


def test_a_log_that_is_disabled_has_nothing(start: Start, file: Path) -> None:
    world = start(f"--access-log={file}", options={"log-format-upstream": FORM, "disable-access-log": "true"})
    world.add(world.ingress("own.example"))
    world.get("own.example")
    world.get("nobody.example")
    with RawClient(world.gateway.address("http")) as client:
        client.send(b"nonsense\r\n\r\n")
        assert client.response().status == 400
    world.gateway.close()
    assert file.read_text() == ""


def test_a_try_that_fails_is_told(start: Start, file: Path) -> None:
    form = "$upstream_status $upstream_response_length $upstream_connect_time"
    with socket.socket() as deaf:  # bound, so that it is nobody else's, and never listening
        deaf.bind(("127.0.0.1", 0))
        dead = f"--map=default/dead=127.0.0.1:{deaf.getsockname()[1]}"
        world = start(f"--access-log={file}", dead, options={"log-format-upstream": form, "skip-access-log-urls": "/"})
        world.add(service("dead"), world.ingress("own.example", "dead"))
        assert world.get("own.example", "/x").status == 502
    told(file, "502 0 -")


def test_no_value_ends_a_line_whatever_is_not_escaped(start: Start, file: Path) -> None:
    options = {"log-format-upstream": "$host $uri $status", "log-format-escape-none": "true"}
    world = start(f"--access-log={file}", options=options)
    world.add(world.ingress("own.example"))
    world.get("own.example", "/a%0aforged.example%0d200")
    told(file, "own.example /a%0Aforged.example%0D200 200")


def test_a_request_is_complete_once_its_answer_is(start: Start, file: Path) -> None:
    """What the gateway answers itself is an answer, too; a body that breaks off is none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        mapped = f"--map=default/cut=127.0.0.1:{server.getsockname()[1]}"
        form = "$host [$request_completion] $status"
        world = start(f"--access-log={file}", mapped, options={"log-format-upstream": form})
        world.add(service("cut"), world.ingress("whole.example"), world.ingress("cut.example", "cut"))
        world.get("whole.example")
        world.get("nobody.example")
        with world.client() as client:
            client.send(b"GET / HTTP/1.1\r\nHost: cut.example\r\n\r\n")
            upstream, _ = server.accept()
            with upstream:
                upstream.recv(65_536)
                upstream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            with pytest.raises(BrokenAnswerError):
                client.response()
    # Which worker's come first is nobody's business.
    expected = {"whole.example [OK] 200", "nobody.example [OK] 404", "cut.example [] 200"}
    until(lambda: expected <= set(file.read_text().splitlines()))


def test_a_connection_has_one_number_of_its_own(start: Start, file: Path) -> None:
    world = start(f"--access-log={file}", options={"log-format-upstream": "$connection $connection_requests $host"})
    world.add(world.ingress("own.example"))
    with world.client() as first, world.client() as second:
        for client in (first, first, second):
            client.get("own.example")
    until(lambda: file.read_text().count("own.example") == 3)
    found = [line.split() for line in file.read_text().splitlines() if "own.example" in line]
    assert sorted(requests for _, requests, _ in found) == ["1", "1", "2"]
    numbers = {number: [requests for one, requests, _ in found if one == number] for number, _, _ in found}
    assert sorted(numbers.values()) == [["1"], ["1", "2"]]
    assert all(number.isdigit() for number in numbers)


def test_a_line_tells_where_a_request_came_to(start: Start, file: Path) -> None:
    form = "$host $location_path [$server_addr] [$proxy_protocol_addr] $hostname"
    world = start(f"--access-log={file}", options={"log-format-upstream": form})
    world.add(world.ingress("own.example"), world.ingress("own.example", path="/deep/er"))
    with world.client() as client:  # on one connection, and so by one worker
        client.get("own.example", "/deep/er/still")
        client.get("own.example", "/de")
        client.get("nobody.example")
    name = socket.gethostname().lower()
    told(
        file,
        f"own.example /deep/er [127.0.0.1] [-] {name}",
        f"own.example / [127.0.0.1] [-] {name}",
        f"nobody.example  [127.0.0.1] [-] {name}",
    )


def test_a_header_of_the_proxy_protocol_is_told(start: Start, file: Path) -> None:
    form = (
        "$host $remote_addr $proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_port "
        "$realip_remote_addr $realip_remote_port"
    )
    options = {"log-format-upstream": form, "use-proxy-protocol": "true", "proxy-real-ip-cidr": "127.0.0.0/8"}
    world = start(f"--access-log={file}", options=options)
    with world.client() as client:
        port = client.socket.getsockname()[1]
        client.send(b"PROXY TCP4 203.0.113.7 198.51.100.1 4711 8080\r\n")
        client.get("own.example")
    told(file, f"own.example 203.0.113.7 203.0.113.7 4711 8080 127.0.0.1 {port}")


def test_an_answer_of_the_gateway_that_nobody_takes_is_not_complete(start: Start, file: Path) -> None:
    world = start(f"--access-log={file}", options={"log-format-upstream": "$host [$request_completion] $status"})
    world.add(world.ingress("own.example", force_ssl_redirect="true"))
    one = f"GET /{'x' * 4_000} HTTP/1.1\r\nHost: own.example\r\n\r\n".encode()  # comes back as the Location
    with world.client() as client:
        client.socket.settimeout(0.5)
        # Until the gateway reads no more, since it waits for the client to read.
        with contextlib.suppress(TimeoutError):
            while True:
                client.send(one)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: "own.example [] 308" in file.read_text())
    found = [line for line in file.read_text().splitlines() if "own.example" in line]
    assert (found[0], found.count("own.example [] 308")) == ("own.example [OK] 308", 1)
