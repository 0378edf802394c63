"""What a controller owes its cluster, seen from outside: a gateway that watches an API server, and requests to it.

Each of these is a test of this file, or of the file that is named with it.

- Which Ingresses are served, by class, by annotation, by neither: `test_classes`
- A class, and the class that an Ingress names, may change: `test_ingresses_come_and_go_with_their_class`,
  `test_an_ingress_comes_and_goes_by_the_class_that_it_names`
- Namespaces are served while their labels say so: `test_a_namespace_comes_and_goes_with_its_label`
- The address of a Service in status, taken back at the end and written again by the next leader:
  `cluster_tests/test_status.py`, `test_one_leads_and_writes_and_another_takes_over`; of the whole release:
  `deploy/test_installed.py`, `test_the_defaults_serve_and_tell_with_what_they_are_granted`
- Ports of TCP and UDP services: `test_ports_that_are_not_served_are_named`
- What a validating webhook would refuse is named and changes nothing else: `test_mistakes_are_named`; what it would let
  pass is not: `test_what_is_no_mistake_is_not_named`; how much one object takes up:
  `unit/translate/test_limits.py`, `test_too_many_routes`
- An Ingress that is wrong does not hold up another: `test_a_wrong_ingress_stops_no_other`
- The end: what runs is finished, new connections are refused, probes say so:
  `faults/test_processes.py`, `test_sigterm_finishes_what_runs_and_turns_readiness_off`
- Requests are counted by route, those for unknown hosts by none: `test_requests_are_counted_by_route`
- Other names of a host: `test_an_alias_is_served`
- A route without access log: `test_an_ingress_may_be_kept_out_of_the_access_log`; the order of its fields:
  `unit/telemetry/test_lines.py`, `test_the_line_of_ingress_nginx`
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.table import BY_NAME
from tests.e2e.conftest import Start
from tests.support.api_thread import ApiThread, api_thread
from tests.support.fake_api_server import FakeApiServer
from tests.support.gateway_process import Gateway
from tests.support.origin import Origin, origins
from tests.support.site import get, probe, until

TESTS = Path(__file__).parents[1]
PREFIX = "nginx.ingress.kubernetes.io"
ELECTION = "--disable-leader-election"
QUIET = "--access-log=off"


@pytest.fixture
def shop() -> Iterator[Origin]:
    with origins("shop") as (origin,):
        yield origin


@pytest.fixture
def api(tmp_path: Path, shop: Origin) -> Iterator[ApiThread]:
    """With the class `nginx`, another one of somebody else, and a Service with an endpoint."""
    with api_thread(tmp_path) as it:
        it.call(lambda server: server.apply("IngressClass", "nginx", spec={"controller": "k8s.io/ingress-nginx"}))
        it.call(lambda server: server.apply("IngressClass", "other", spec={"controller": "example.com/other"}))
        it.call(lambda server: server.apply("Service", "shop", spec={"ports": [{"port": 80, "name": "http"}]}))
        it.call(lambda server: apply_slice(server, shop))
        yield it


def apply_slice(server: FakeApiServer, origin: Origin) -> None:
    host, _, port = origin.address.partition(":")
    server.apply(
        "EndpointSlice",
        "shop-1",
        metadata={"labels": {"kubernetes.io/service-name": "shop"}},
        addressType="IPv4",
        endpoints=[{"addresses": [host], "conditions": {"ready": True}}],
        ports=[{"name": "http", "port": int(port)}],
    )


def ingress(name: str, *, path: str = "/", host: str = "", **content: Any) -> tuple[str, dict[str, Any]]:
    """`NAME.example.com` leads to the shop. `annotations` are ingress-nginx's, without their prefix."""
    backend = {"service": {"name": "shop", "port": {"number": 80}}}
    kind = content.pop("kind", "Prefix")
    rule = {"host": host or address(name), "http": {"paths": [{"path": path, "pathType": kind, "backend": backend}]}}
    notes = {f"{PREFIX}/{key}": value for key, value in content.pop("annotations", {}).items()}
    metadata = {"annotations": notes | content.pop("notes", {})}
    return name, {"metadata": metadata, "spec": {"ingressClassName": "nginx", "rules": [rule], **content}}


def put(api: ApiThread, *ingresses: tuple[str, dict[str, Any]]) -> None:
    def apply(server: FakeApiServer) -> None:
        for name, content in ingresses:
            server.apply("Ingress", name, **content)

    api.call(apply)


def address(name: str) -> str:
    return f"{name}.example.com"


def status(gateway: Gateway, name: str) -> int:
    return get(gateway, address(name)).status


def follow(start: Start, api: ApiThread, *flags: str) -> Gateway:
    """A gateway that serves all that is there by now."""
    gateway = start(f"--kubeconfig={api.kubeconfig}", ELECTION, *flags)
    gateway.out.wait("Changes in the cluster apply at once")
    return gateway


CLASSES = ("by-spec", "by-annotation", "by-none", "other-by-spec", "other-by-annotation", "unknown")


@pytest.mark.parametrize(
    ("flags", "served"),
    [
        ((), {"by-spec", "by-annotation"}),
        (("--watch-ingress-without-class",), {"by-spec", "by-annotation", "by-none"}),
        (("--ingress-class=other",), {"by-spec", "other-by-annotation"}),
        (("--ingress-class=other", "--ingress-class-by-name"), {"by-spec", "other-by-spec", "other-by-annotation"}),
        (("--controller-class=example.com/other",), {"by-annotation", "other-by-spec"}),
    ],
    ids=["defaults", "without-class", "name", "by-name", "controller"],
)
def test_classes(start: Start, api: ApiThread, flags: tuple[str, ...], served: set[str]) -> None:
    """Classes that are named in `spec` are known by their controller, those of the annotation by their name."""
    for prefix, named in (("", "nginx"), ("other-", "other")):
        put(api, ingress(f"{prefix}by-spec", ingressClassName=named))
        note = {"kubernetes.io/ingress.class": named}
        put(api, ingress(f"{prefix}by-annotation", ingressClassName=None, notes=note))
    put(api, ingress("by-none", ingressClassName=None), ingress("unknown", ingressClassName="unknown"))
    gateway = follow(start, api, QUIET, *flags)
    found = {name: status(gateway, name) for name in CLASSES}
    assert found == {name: 200 if name in served else 404 for name in CLASSES}


def test_ingresses_come_and_go_with_their_class(start: Start, api: ApiThread) -> None:
    put(api, ingress("one", ingressClassName="late"))
    gateway = follow(start, api, QUIET)
    assert status(gateway, "one") == 404
    api.call(lambda server: server.apply("IngressClass", "late", spec={"controller": "k8s.io/ingress-nginx"}))
    until(lambda: status(gateway, "one") == 200)
    api.call(lambda server: server.delete("IngressClass", "late"))
    until(lambda: status(gateway, "one") == 404)


def test_an_ingress_comes_and_goes_by_the_class_that_it_names(start: Start, api: ApiThread) -> None:
    put(api, ingress("one"))
    gateway = follow(start, api, QUIET)
    assert status(gateway, "one") == 200
    put(api, ingress("one", ingressClassName="other"))
    until(lambda: status(gateway, "one") == 404)
    put(api, ingress("one"))
    until(lambda: status(gateway, "one") == 200)


def test_a_namespace_comes_and_goes_with_its_label(start: Start, api: ApiThread) -> None:
    api.call(lambda server: server.apply("Namespace", "default"))
    put(api, ingress("one"))
    gateway = follow(start, api, QUIET, "--watch-namespace-selector=team=shop")
    assert status(gateway, "one") == 404
    api.call(lambda server: server.apply("Namespace", "default", metadata={"labels": {"team": "shop"}}))
    until(lambda: status(gateway, "one") == 200)
    api.call(lambda server: server.apply("Namespace", "default", metadata={"labels": {"team": "other"}}))
    until(lambda: status(gateway, "one") == 404)


def test_ports_that_are_not_served_are_named(start: Start, api: ApiThread) -> None:
    api.call(lambda server: server.apply("ConfigMap", "tcp", "infra", data={"9000": "default/shop:80"}))
    api.call(lambda server: server.apply("ConfigMap", "udp", "infra", data={"53": "kube-system/dns:53"}))
    put(api, ingress("one"))
    flags = (f"--{each}-services-configmap=infra/{each}" for each in ("tcp", "udp"))
    gateway = follow(start, api, QUIET, *flags)
    assert status(gateway, "one") == 200
    gateway.err.wait(r"infra/tcp data\[9000\]")
    gateway.err.wait(r"infra/udp data\[53\]")


MISTAKES = {
    "a path that another one has": (ingress("younger", host=address("one")), "GW225"),
    "a value that is none": (ingress("younger", annotations={"proxy-body-size": "many"}), "GW28[23]"),
    "a snippet": (ingress("younger", annotations={"configuration-snippet": "return 200;"}), "GW290"),
    "a snippet of the server": (ingress("younger", annotations={"server-snippet": "lua_code on;"}), "GW290"),
    "a regex that is none": (
        ingress("younger", path="/a[", kind="ImplementationSpecific", annotations={"use-regex": "true"}),
        "GW224",
    ),
    "a path without a slash": (ingress("younger", path="relative", kind="ImplementationSpecific"), "GW220"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named(start: Start, api: ApiThread, mistake: str) -> None:
    wrong, code = MISTAKES[mistake]
    put(api, ingress("one"))
    gateway = follow(start, api, QUIET)
    put(api, wrong)
    gateway.err.wait(f"{code} .*younger")
    assert status(gateway, "one") == 200


@pytest.mark.parametrize(
    "stranger",
    [
        ingress("stranger", host=address("one"), ingressClassName="other", annotations={"server-snippet": "x"}),
        ingress("stranger", host=address("one"), annotations={"canary": "true", "canary-weight": "10"}),
    ],
    ids=["of-another-class", "a-canary"],
)
def test_what_is_no_mistake_is_not_named(start: Start, api: ApiThread, stranger: tuple[str, dict[str, Any]]) -> None:
    """Neither an Ingress of another class nor a canary takes a path away from anybody."""
    put(api, ingress("one"), stranger)
    gateway = follow(start, api, QUIET)
    put(api, ingress("wrong", host=address("one")))
    gateway.err.wait("GW225 .*wrong")
    assert not re.search("(GW225|GW290) .*stranger", gateway.err.text())
    assert status(gateway, "one") == 200


def test_a_wrong_ingress_stops_no_other(start: Start, api: ApiThread) -> None:
    put(
        api,
        ingress("wrong", annotations={"rewrite-target": "/$9", "backend-protocol": "nonsense"}),
        ("unreadable", {"spec": {"ingressClassName": "nginx", "rules": "none"}}),
        ("to-nowhere", {"spec": {"ingressClassName": "nginx", "rules": [{"host": "", "http": {"paths": []}}]}}),
    )
    gateway = follow(start, api, QUIET)
    gateway.err.wait("unreadable")
    put(api, ingress("right"))
    until(lambda: status(gateway, "right") == 200)


def test_requests_are_counted_by_route(start: Start, api: ApiThread) -> None:
    put(api, ingress("one"))
    gateway = follow(start, api, QUIET)
    assert [status(gateway, name) for name in ("one", "one", "nobodys")] == [200, 200, 404]
    text = probe(gateway, "/metrics").text
    rows = re.findall(r"^sallygate_requests_total\{(.*)\} (\d+)$", text, re.MULTILINE)
    found = {frozenset(re.findall(r'(\w+)="([^"]*)"', labels)): int(count) for labels, count in rows if count != "0"}
    route = {"namespace": "default", "ingress": "one", "service": "shop", "host": address("one"), "status": "2xx"}
    assert [count for labels, count in found.items() if route.items() <= set(labels)] == [2]
    assert [count for labels, count in found.items() if {("host", ""), ("status", "4xx")} <= labels] == [1]
    assert "nobodys" not in text


def supported(name: str) -> pytest.MarkDecorator:
    """The test applies once the annotation is served; until then its verdict says that it is not."""
    missing = BY_NAME[name].support is not Support.SUPPORTED
    return pytest.mark.skipif(missing, reason=f"the annotation {name} is not served yet, as its verdict says")


@supported("server-alias")
def test_an_alias_is_served(start: Start, api: ApiThread) -> None:
    put(api, ingress("one"), ingress("sibling", host=address("one"), path="/below"), ingress("taken"))
    gateway = follow(start, api, QUIET)
    assert status(gateway, "alias") == 404
    put(api, ingress("one", annotations={"server-alias": f"{address('alias')},{address('taken')}"}))
    until(lambda: status(gateway, "alias") == 200)
    assert get(gateway, address("alias"), "/below").status == 200
    counted = probe(gateway, "/metrics").text
    assert status(gateway, "taken") == 200
    after = probe(gateway, "/metrics").text
    own = re.compile(r'^sallygate_requests_total\{.*ingress="taken".*status="2xx".*\} 1$', re.MULTILINE)
    assert own.search(after), "an alias does not take the host of another Ingress"
    assert not own.search(counted)


@supported("enable-access-log")
def test_an_ingress_may_be_kept_out_of_the_access_log(start: Start, api: ApiThread, tmp_path: Path) -> None:
    put(api, ingress("quiet", annotations={"enable-access-log": "false"}), ingress("loud"))
    log = tmp_path / "access.log"
    gateway = follow(start, api, f"--access-log={log}")
    assert [status(gateway, name) for name in ("quiet", "loud", "quiet")] == [200, 200, 200]
    assert gateway.stop() == 0
    assert len(log.read_text().splitlines()) == 1


def test_the_tests_that_the_table_names_are_there() -> None:
    file = Path(__file__)
    named = re.findall(r"`([\w/]+\.py)`|`(test_\w+)`", __doc__ or "")
    assert named
    for path, test in named:
        file = TESTS / path if path else file
        assert path or f"def {test}(" in file.read_text(), f"{file}: {test}"
        file = file if path else Path(__file__)
