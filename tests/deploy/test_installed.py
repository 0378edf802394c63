"""The chart on a real cluster: it serves and tells, and no permission that it renders is missing or unused."""

import base64
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cluster.fixtures import Space
from tests.cluster.manifests import deployment, echo, service
from tests.deploy.chart import Chart, Object
from tests.deploy.installation import Installed
from tests.support.load import Load
from tests.support.pki import Authority
from tests.support.raw_client import RawClient

HOST = "echo.example.com"
ODD = {"nginx.ingress.kubernetes.io/proxy-body-size": "many"}  # a verdict for its owner
HEADED = {"nginx.ingress.kubernetes.io/custom-headers": "headers"}  # a ConfigMap that nothing else reads
Install = Callable[[dict[str, Any]], Installed]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def install(chart: Chart, space: Space) -> Iterator[Install]:
    made: list[Installed] = []

    def install(values: dict[str, Any]) -> Installed:
        made.append(Installed(chart, space, values))
        return made[-1]

    yield install
    for each in made:
        each.remove()


@pytest.fixture
def authority() -> Authority:
    return Authority()


def ingress(name: str, annotations: dict[str, str] | None = None, secret: str = "") -> Object:
    backend = {"service": {"name": "echo", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "annotations": annotations or {}},
        "spec": {
            "rules": [{"host": f"{name}.example.com", "http": {"paths": paths}}],
            **({"tls": [{"hosts": [HOST], "secretName": secret}]} if secret else {}),
        },
    }


def of_class(name: str, each: Object) -> Object:
    return {**each, "spec": {"ingressClassName": name, **each["spec"]}}


def certificate(name: str, authority: Authority) -> Object:
    chain, key = authority.issue(HOST)
    data = {"tls.crt": base64.b64encode(chain).decode(), "tls.key": base64.b64encode(key).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": name}, "data": data}


def status_of(space: Space, name: str) -> list[dict[str, Any]] | None:
    found = space.api.get(space.path("networking.k8s.io/v1/ingresses", name))["status"]["loadBalancer"]
    return list(found.get("ingress", ()))


def events_on(space: Space, name: str) -> list[Object]:
    return [each for each in space.items("events") if each["involvedObject"]["name"] == name]


def publish(space: Space, authority: Authority) -> None:
    """An echo server, an Ingress with a certificate that leads to it, and one that its owner must hear of."""
    space.apply(deployment("echo", 1, echo()), service("echo"), certificate("echo-tls", authority))
    space.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "headers"}, "data": {"X-Own": "1"}})
    space.apply(of_class(space.name, ingress("headed", HEADED)))
    space.apply(of_class(space.name, ingress("echo", secret="echo-tls")), of_class(space.name, ingress("odd", ODD)))
    space.ready("echo")


def fetch(address: str, authority: Authority) -> int:
    """The status of a request over TLS, with the certificate verified."""
    client = RawClient((address, 443), tls=trusting(authority), server_name=HOST)
    try:
        return client.get(HOST, "/").status
    finally:
        client.close()


def plain(address: str) -> int:
    """The status of a request in plain HTTP."""
    with RawClient((address, 80)) as client:
        return client.get(HOST, "/").status


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.pem.decode())


def told(installed: Installed, space: Space) -> None:
    """The owner of the odd Ingress is told, and told again when what was resolved comes back."""

    def count() -> int:
        return max((each["count"] for each in events_on(space, "odd")), default=0)

    space.until("an Event", lambda: count() == 1 or None)
    verdicts = len(events_on(space, "odd"))
    space.apply(of_class(space.name, ingress("odd")))
    space.until("the end of the verdict", lambda: "resolved warning" in installed.logs() or None)
    # Verdicts are told in bursts, and one that is back within the same burst was never away.
    space.apply(of_class(space.name, ingress("later", ODD)))
    space.until("an Event that was told later", lambda: events_on(space, "later") or None)
    space.apply(of_class(space.name, ingress("odd", ODD)))
    space.until("the Event again", lambda: count() == 2 or None)
    assert len(events_on(space, "odd")) == verdicts


def judge(installed: Installed) -> None:
    """Nothing was missing. Of what was granted only lists are not used: they are for API servers that cannot stream
    the initial state of a watch, as this one can.
    """
    assert installed.refused() == []
    lists = {("list", group, resource) for verb, group, resource in installed.used() if verb == "watch"}
    assert installed.granted() - installed.used() <= lists
    assert installed.used() <= installed.granted()


def test_options_of_the_class_hold_for_its_ingresses(install: Install, space: Space, authority: Authority) -> None:
    publish(space, authority)
    options = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "of-the-class"}}
    space.apply({**options, "data": {"ssl-redirect": "false"}})
    parameters = {"kind": "ConfigMap", "name": "of-the-class", "namespace": space.name, "scope": "Namespace"}
    of_it = {"name": space.name, "controllerValue": f"sallygate.dev/{space.name}", "parameters": parameters}
    installed = install({"controller": {"ingressClassResource": of_it}})
    installed.wait_ready(2)
    address = space.balanced(installed.name)
    # Without them the host with a certificate is served by https alone.
    space.until("an answer in plain HTTP", lambda: plain(address) == 200 or None)
    space.apply({**options, "data": {"http-redirect-code": "307"}})
    space.until("the redirect that is asked for now", lambda: plain(address) == 307 or None)
    told(installed, space)
    installed.scale(0)
    space.until("status is cleared", lambda: status_of(space, "echo") == [] or None)
    judge(installed)


def test_the_defaults_serve_and_tell_with_what_they_are_granted(
    install: Install, space: Space, authority: Authority
) -> None:
    publish(space, authority)
    installed = install({})
    installed.wait_ready(2)
    address = space.balanced(installed.name)
    space.until("an answer over TLS", lambda: fetch(address, authority) == 200 or None)
    space.until("status", lambda: status_of(space, "echo") == [{"ip": address}] or None)
    told(installed, space)
    installed.scale(0)
    space.until("status is cleared", lambda: status_of(space, "echo") == [] or None)
    judge(installed)


def test_one_namespace_and_no_cluster_role(install: Install, space: Space, authority: Authority) -> None:
    publish(space, authority)
    installed = install({"rbac": {"scope": True}, "controller": {"replicaCount": 1, "scope": {"enabled": True}}})
    assert installed.rendered.of("ClusterRole") == []
    installed.wait_ready(1)
    address = space.balanced(installed.name)
    space.until("an answer over TLS", lambda: fetch(address, authority) == 200 or None)
    told(installed, space)
    installed.scale(0)
    assert all("/ingressclasses" in each for each in installed.refused()), "it serves by the name of the class"
    lists = {("list", group, resource) for verb, group, resource in installed.used() if verb == "watch"}
    assert installed.granted() - installed.used() <= lists
    assert installed.used() <= installed.granted()


def test_addresses_of_nodes_and_namespaces_by_their_labels(
    install: Install, space: Space, authority: Authority
) -> None:
    publish(space, authority)
    own = {
        "replicaCount": 1,
        "publishService": {"enabled": False},
        "scope": {"namespaceSelector": f"kubernetes.io/metadata.name={space.name}"},
        "extraArgs": {"status-update-interval": "1"},
    }
    installed = install({"controller": own})
    installed.wait_ready(1)
    space.until("status", lambda: status_of(space, "echo") == [{"ip": space.cluster.state.node}] or None)
    told(installed, space)
    installed.scale(0)
    judge(installed)


def test_without_an_election_nothing_is_written(install: Install, space: Space, authority: Authority) -> None:
    publish(space, authority)
    installed = install({"controller": {"disableLeaderElection": True}})
    installed.wait_ready(2)
    address = space.balanced(installed.name)
    space.until("an answer over TLS", lambda: fetch(address, authority) == 200 or None)
    installed.scale(0)
    assert {verb for verb, _, _ in installed.granted()} == {"list", "watch"}
    assert {verb for verb, _, _ in installed.used()} <= {"list", "watch"}
    assert installed.refused() == []
    assert status_of(space, "echo") == []
    assert events_on(space, "odd") == []


@pytest.mark.parametrize("tls", [False, True])
def test_a_rolling_restart_under_load_loses_nothing(
    install: Install, space: Space, authority: Authority, *, tls: bool
) -> None:
    publish(space, authority)
    installed = install({})
    before = {each["metadata"]["uid"] for each in installed.wait_ready(2)}
    address = space.balanced(installed.name)
    space.until("an answer over TLS", lambda: fetch(address, authority) == 200 or None)
    context = trusting(authority) if tls else None
    name, port = (HOST, 443) if tls else ("odd.example.com", 80)
    with (
        Load((address, port), name, "{", tls=context, pause=0.01) as kept,
        Load((address, port), name, "{", tls=context, pause=0.02, fresh=True, clients=2) as fresh,
    ):
        installed.restart()
        installed.wait_replaced(before, 2)
        kept.wait_for(100)
        fresh.wait_for(50)
    assert kept.failures == []
    assert fresh.failures == []
