"""Where requests go: Services, their ports and endpoints, and who answers when there is none of them."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.ingress_nginx.conftest import World
from tests.ingress_nginx.manifests import backend, document, ingress, path, rule
from tests.support.manifests import slices
from tests.support.origin import Answer
from tests.support.site import until

Start = Callable[..., World]


def service(name: str, *ports: dict[str, Any]) -> str:
    return document("v1", "Service", name, spec={"ports": list(ports)})


def slice_of(name: str, world: World, *endpoints: tuple[str, dict[str, bool]], port: str = "web") -> str:
    """Each endpoint is an origin, by its port on this machine, and the conditions that it is in."""
    numbers = {int(world.origins[origin].address.rpartition(":")[2]) for origin, _ in endpoints}
    return "---\n".join(
        document(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            f"{name}-{number}",
            addressType="IPv4",
            endpoints=[
                {"addresses": ["127.0.0.1"], "conditions": conditions}
                for origin, conditions in endpoints
                if world.origins[origin].address.endswith(f":{number}")
            ],
            ports=[{"name": port, "port": number, "protocol": "TCP"}],
        ).replace('"annotations":{}', f'"labels":{{"kubernetes.io/service-name":"{name}"}}')
        for number in sorted(numbers)
    )


READY = {"ready": True, "serving": True, "terminating": False}
NOT_READY = {"ready": False, "serving": False, "terminating": False}
ENDING = {"ready": False, "serving": True, "terminating": True}


def test_a_service_that_comes_later_is_served_and_missed_when_it_goes(world: World) -> None:
    host = world.host()
    name = host.partition(".")[0]
    world.add(ingress(f"i-{name}", rule(host, path("/", name))))
    assert world.get(host).status == 503
    later = world.add(service(name, {"name": "web", "port": 80}), slice_of(name, world, ("two", READY)))
    assert world.get(host).text == "two"
    world.remove(later)
    until(lambda: world.get(host).status == 503)


@pytest.mark.parametrize(
    ("port", "status"), [(80, 200), ("web", 200), (8443, 200), ("named", 200), (81, 503), ("other", 503)]
)
def test_a_port_is_found_by_number_name_or_target(world: World, port: int | str, status: int) -> None:
    host = world.host()
    name = host.partition(".")[0]
    world.add(
        service(name, {"name": "web", "port": 80}, {"name": "more", "port": 443, "targetPort": 8443}),
        slice_of(name, world, ("one", READY)),
        slice_of(f"{name}-more", world, ("two", READY), port="more").replace(f'"{name}-more"}}', f'"{name}"}}'),
        service(f"{name}-named", {"name": "web", "port": 80, "targetPort": "named"}),
        slice_of(f"{name}-named", world, ("one", READY)),
        ingress(f"i-{name}", rule(host, path("/", f"{name}-named" if port == "named" else name, port=port))),
    )
    assert world.get(host).status == status


def test_only_those_that_are_ready_are_asked(world: World) -> None:
    host = world.host()
    name = host.partition(".")[0]
    world.add(
        service(name, {"name": "web", "port": 80}),
        slice_of(name, world, ("one", READY), ("two", NOT_READY), ("errors", ENDING)),
        ingress(f"i-{name}", rule(host, path("/", name))),
    )
    assert {world.get(host).text for _ in range(6)} == {"one"}


def test_nobody_ready_is_503_and_the_next_change_is_seen(world: World) -> None:
    host = world.host()
    name = host.partition(".")[0]
    ready = world.add(
        service(name, {"name": "web", "port": 80}),
        slice_of(name, world, ("one", NOT_READY)),
        ingress(f"i-{name}", rule(host, path("/", name))),
    )
    assert world.get(host).status == 503
    world.remove(ready)
    world.add(
        service(name, {"name": "web", "port": 80}),
        slice_of(name, world, ("one", READY), ("two", READY)),
        ingress(f"i-{name}", rule(host, path("/", name))),
    )
    assert {world.get(host).text for _ in range(8)} == {"one", "two"}


def test_the_default_backend_of_an_ingress_has_the_paths_of_its_hosts_that_nobody_has(world: World) -> None:
    host, bare, other = world.host(), world.host(), world.host()
    world.add(
        ingress(f"d-{host}", rule(host, path("/own")), rule(bare), defaultBackend=backend("two")),
        ingress(f"o-{host}", rule(other, path("/own"))),
    )
    assert [world.get(host, text).text for text in ("/own", "/x")] == ["one", "two"]
    assert world.get(bare, "/x").text == "two"
    assert world.get(other, "/x").status == 404
    assert world.get("nobody.example.org").status == 404


def test_an_ingress_of_a_default_backend_alone_is_for_every_other_host(start: Start) -> None:
    world = start()
    before = world.get("nobody.example.org").status
    world.add(ingress("all", defaultBackend=backend("two")), world.ingress("own.example", path="/own"))
    assert before == 404
    assert [world.get(host, "/x").text for host in ("nobody.example.org", "127.0.0.1")] == ["two", "two"]
    assert world.get("own.example", "/own").text == "one"
    assert world.get("own.example", "/x").status == 404


def test_what_is_for_every_host_can_be_left_out(start: Start) -> None:
    world = start("--disable-catch-all=true")
    world.add(
        ingress("all", defaultBackend=backend("two")),
        ingress("some", rule("", path("/")), rule("named.example", path("/"))),
    )
    assert world.get("nobody.example.org").status == 404
    assert world.get("named.example").text == "one"
    world.gateway.err.wait("GW212")


def test_the_default_backend_of_the_gateway_has_whatever_nobody_has(start: Start) -> None:
    world = start("--default-backend-service=default/errors", options={"custom-http-errors": "404,503"})
    world.origins["errors"].script = lambda request: Answer(
        int(request.header("x-code") or 404), (), (f"page of {request.target}".encode(),)
    )
    world.add(world.ingress("own.example", path="/own"), world.ingress("empty.example", "empty"))
    assert world.get("nobody.example.org", "/x").text == "page of /x", "asked as the client has asked"
    assert world.get("own.example", "/x").text == "page of /"
    assert world.get("own.example", "/own").text == "one"
    answer = world.get("empty.example")
    assert (answer.status, answer.text) == (503, "page of /")


def test_who_reads_never_notices_that_an_endpoint_is_dead(world: World) -> None:
    host = world.host()
    name = host.partition(".")[0]
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # nobody listens there, and nobody else can
        world.add(
            service(name, {"name": "http", "port": 80}),
            slices(name, world.origins["one"].address, f"127.0.0.1:{silent.getsockname()[1]}"),
            ingress(f"i-{name}", rule(host, path("/", name))),
        )
        assert [world.get(host).text for _ in range(20)] == ["one"] * 20
