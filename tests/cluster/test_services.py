"""Services of the test cluster: EndpointSlices from the real controllers, addresses that carry traffic."""

import http.client

import pytest

from tests.cluster.api import Object
from tests.cluster.fixtures import Space, fetch
from tests.cluster.manifests import PORT, deployment, pod, service, shell


def test_pods_answer_at_the_addresses_of_their_endpoint_slices(space: Space) -> None:
    space.apply(deployment("web", 2), service("web"))
    pods = space.ready("web", 2)
    addresses = space.until("two endpoints", lambda: addresses_of(space, "web", 2))
    reports = [fetch(address, PORT, "/hello//there?x=1") for address in addresses]
    assert {each["pod"] for each in reports} == {each["metadata"]["name"] for each in pods}
    assert {each["namespace"] for each in reports} == {space.name}
    assert {(each["host"], each["path"]) for each in reports} == {("echo.example.com", "/hello//there?x=1")}


def test_readiness_takes_an_endpoint_out_and_brings_it_back(space: Space) -> None:
    space.apply(pod("web"), service("web"))
    space.ready("web")
    (address,) = space.until("an endpoint", lambda: addresses_of(space, "web", 1))
    fetch(address, PORT, "/health/503", method="PUT")
    space.until("no endpoint", lambda: space.endpoints("web") == {address: False})
    fetch(address, PORT, "/health/200", method="PUT")
    space.until("the endpoint again", lambda: space.endpoints("web") == {address: True})


@pytest.mark.parametrize("policy", ["Cluster", "Local"])
def test_a_load_balancer_reaches_every_pod(space: Space, policy: str) -> None:
    """As behind any balancer that hands on packets. With Cluster (the default) a node may hand them on to another one,
    so they leave it with its address; with Local they stay on the node, and the pod sees the client's.
    """
    client = {"Cluster": space.cluster.state.node, "Local": space.cluster.host}[policy]
    space.apply(deployment("web", 2), service("web", type="LoadBalancer", externalTrafficPolicy=policy))
    names = {each["metadata"]["name"] for each in space.ready("web", 2)}
    address = space.balanced("web")
    seen: set[str] = set()

    def ask() -> bool:
        report = fetch(address, 80)
        seen.add(report["pod"])
        assert report["client"].split(":")[0] == client
        return seen == names

    space.until("an answer of both pods", ask)


def test_two_load_balancers_have_two_addresses_and_a_plain_service_none(space: Space) -> None:
    space.apply(service("a", type="LoadBalancer"), service("b", type="LoadBalancer"), service("c"))
    assert space.balanced("a") != space.balanced("b")
    assert space.api.get(space.path("services", "c"))["status"] == {"loadBalancer": {}}


def test_a_rolling_restart_behind_a_load_balancer_fails_no_request(space: Space) -> None:
    """What the rig must be able to show: servers that linger after their end was announced lose nothing."""
    linger = {"preStop": {"sleep": {"seconds": 3}}}
    before = deployment("web", 2)
    before["spec"]["template"]["spec"]["containers"][0]["lifecycle"] = linger
    space.apply(before, service("web", type="LoadBalancer"))
    old = {each["metadata"]["name"] for each in space.ready("web", 2)}
    address = space.balanced("web")
    space.until("an answer", lambda: fetch(address, 80))
    before["spec"]["template"]["metadata"]["annotations"] = {"restarted": "yes"}
    space.apply(before)
    failures: list[str] = []

    def replaced() -> bool:
        try:
            fetch(address, 80)
        except (OSError, http.client.HTTPException) as error:
            failures.append(repr(error))
        now = {each["metadata"]["name"] for each in space.items("pods")}
        return len(now) == 2 and not now & old

    space.until("new pods", replaced)
    assert failures == []


@pytest.mark.parametrize("shared", [False, True], ids=["of-its-own", "of-the-node"])
def test_a_pod_in_a_network_reaches_the_api_server_and_other_services_by_cluster_ip(
    space: Space, *, shared: bool
) -> None:
    space.apply(deployment("web", 1), service("web"))
    space.ready("web")
    address = space.api.get(space.path("services", "web"))["spec"]["clusterIP"]
    space.until("forwarding, which follows readiness", lambda: fetch(address, 80))
    space.apply(pod("asks", asking(address), restartPolicy="Never", hostNetwork=shared))
    assert space.ended("asks") == "Succeeded", space.log("asks")
    versions, name = space.log("asks").splitlines()
    assert versions == "APIVersions"
    assert name.startswith("web-")


def asking(address: str) -> Object:
    """Return a container that asks the API server with its token, and a Service."""
    script = f"""
import json, os, ssl, urllib.request
folder = "/var/run/secrets/kubernetes.io/serviceaccount"
tls = ssl.create_default_context(cafile=folder + "/ca.crt")
url = "https://%s:%s" % (os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"])
token = {{"Authorization": "Bearer " + open(folder + "/token").read()}}
asked = urllib.request.Request(url + "/api", headers=token)
print(json.load(urllib.request.urlopen(asked, context=tls))["kind"])
print(json.load(urllib.request.urlopen("http://{address}/"))["pod"])
"""
    return shell('python3 -c "$SCRIPT"', env=[{"name": "SCRIPT", "value": script}])


def addresses_of(space: Space, name: str, count: int) -> list[str] | None:
    found = [address for address, ready in space.endpoints(name).items() if ready]
    return found if len(found) == count else None
