"""Copies of requests for another service: what they say, and that the requests themselves notice nothing."""

import threading

from tests.ingress_nginx.conftest import World
from tests.support.manifests import service, slices
from tests.support.origin import Answer, Origin
from tests.support.site import probe, until

KIB = 1024


def copies(world: World) -> str:
    """A Service of its own that leads to the origin `two`."""
    name = world.host().partition(".")[0]
    world.add(service(name), slices(name, world.origins["two"].address))
    return f"{name}.default.svc.cluster.local"


def counted(world: World, result: str) -> int:
    name = f'sallygate_mirrored_requests_total{{result="{result}"}} '
    lines = probe(world.gateway, "/metrics").text.splitlines()
    return next(int(line.removeprefix(name)) for line in lines if line.startswith(name))


def test_a_copy_has_method_target_headers_and_body(world: World) -> None:
    host, where, two = world.host(), copies(world), world.origins["two"]
    world.add(world.ingress(host, mirror_target=f"http://{where}/$request_uri"))
    two.requests.clear()
    sent = counted(world, "sent")
    answer = world.send(host, "PUT /a/b?c=1", "X-Mine: yes", "Content-Length: 5", body=b"hello")
    assert (answer.status, answer.text) == (200, "one")
    until(lambda: counted(world, "sent") == sent + 1)
    (copy,) = two.requests
    assert (copy.method, copy.target, copy.body) == ("PUT", "/a/b?c=1", b"hello")
    assert copy.header("Host") == where
    assert copy.header("X-Mine") == "yes"
    assert copy.header("X-Forwarded-Host") == host
    assert copy.header("Connection") == "close"


def test_a_large_body_that_lies_on_disk_is_copied_and_one_that_is_too_large_is_not(world: World) -> None:
    host, two = world.host(), world.origins["two"]
    world.add(world.ingress(host, mirror_target=f"http://{copies(world)}$request_uri", proxy_body_size="4m"))
    two.requests.clear()
    sent, dropped = counted(world, "sent"), counted(world, "dropped")
    for size in (300 * KIB, 2_000 * KIB):
        body = bytes(range(256)) * (size // 256)
        assert world.send(host, "POST /", f"Content-Length: {size}", body=body).text == "one"
        if size == 300 * KIB:
            until(lambda: counted(world, "sent") == sent + 1)
            assert two.requests[-1].body == body
    until(lambda: counted(world, "dropped") == dropped + 1)
    assert len(two.requests) == 1


def test_without_body_and_with_another_host(world: World) -> None:
    host, where, two = world.host(), copies(world), world.origins["two"]
    target = {"mirror_target": f"http://{where}/in", "mirror_host": "copy.of.$host"}
    world.add(world.ingress(host, mirror_request_body="off", **target))
    two.requests.clear()
    sent = counted(world, "sent")
    assert world.send(host, "POST /?a=b", "Content-Length: 5", body=b"hello").text == "one"
    until(lambda: counted(world, "sent") == sent + 1)
    (copy,) = two.requests
    assert (copy.target, copy.body, copy.header("Content-Length")) == ("/in?a=b", b"", None)
    assert copy.header("Host") == f"copy.of.{host}"


def test_a_request_waits_for_no_copy_and_fails_with_none(world: World, one: Origin) -> None:
    slow, gone, nobody = world.host(), world.host(), world.host()
    name = world.host().partition(".")[0]
    world.add(service(name), slices(name, "127.0.0.1:1"))
    world.add(
        world.ingress(slow, mirror_target=f"http://{copies(world)}$request_uri"),
        world.ingress(gone, mirror_target=f"http://{name}.default.svc$request_uri"),
        world.ingress(nobody, mirror_target="http://nobody.default.svc$request_uri"),
    )
    one.script = lambda request: Answer(pieces=(request.target.encode(),))
    two = world.origins["two"]
    failed, dropped = counted(world, "failed"), counted(world, "dropped")
    two.gate = threading.Event()
    try:
        for number in range(5):
            assert world.get(slow, f"/{number}").text == f"/{number}"
        assert all(two.waiting.acquire(timeout=30) for _ in range(5)), "the copies wait, the requests did not"
    finally:
        two.gate.set()
        two.gate = None
    assert world.get(gone).status == 200
    until(lambda: counted(world, "failed") == failed + 1)
    assert world.get(nobody).status == 200
    until(lambda: counted(world, "dropped") == dropped + 1)


def test_what_is_not_forwarded_is_not_copied(world: World) -> None:
    host, two = world.host(), world.origins["two"]
    target = f"http://{copies(world)}$request_uri"
    world.add(world.ingress(host, mirror_target=target, denylist_source_range="0.0.0.0/0"))
    two.requests.clear()
    assert world.get(host).status == 403
    assert two.requests == []
