"""Services of the test cluster: EndpointSlices from the real controllers, addresses that carry traffic."""

import http.client

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


def test_a_load_balancer_reaches_every_pod_and_shows_them_the_client(space: Space) -> None:
    space.apply(deployment("web", 2), service("web", type="LoadBalancer"))
    names = {each["metadata"]["name"] for each in space.ready("web", 2)}
    address = space.balanced("web")
    seen: set[str] = set()

    def ask() -> bool:
        report = fetch(address, 80)
        seen.add(report["pod"])
        assert report["client"].split(":")[0] == space.cluster.host, "the client's address is not kept"
        return seen == names

    space.until("an answer of both pods", ask)


def test_two_load_balancers_have_two_addresses_and_a_plain_service_none(space: Space) -> None:
    space.apply(service("a", type="LoadBalancer"), service("b", type="LoadBalancer"), service("c"))
    assert space.balanced("a") != space.balanced("b")
    assert space.api.get(space.path("services", "c"))["status"] == {"loadBalancer": {}}


def test_a_rolling_restart_behind_a_load_balancer_fails_no_request(space: Space) -> None:
    """What the rig must be able to show: servers that linger after their end was announced lose nothing."""
    linger = {"preStop": {"sleep": {"seconds": 1}}}
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
        now = {each["metadata"]["name"] for each in space.list("pods")}
        return len(now) == 2 and not now & old

    space.until("new pods", replaced)
    assert failures == []


def test_a_pod_reaches_the_api_server_and_other_services_by_cluster_ip(space: Space) -> None:
    space.apply(deployment("web", 1), service("web"))
    space.ready("web")
    address = space.api.get(space.path("services", "web"))["spec"]["clusterIP"]
    script = f"""
import json, ssl, urllib.request
folder = "/var/run/secrets/kubernetes.io/serviceaccount"
tls = ssl.create_default_context(cafile=folder + "/ca.crt")
import os
url = "https://%s:%s" % (os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"])
token = {{"Authorization": "Bearer " + open(folder + "/token").read()}}
asked = urllib.request.Request(url + "/api", headers=token)
print(json.load(urllib.request.urlopen(asked, context=tls))["kind"])
print(json.load(urllib.request.urlopen("http://{address}/"))["pod"])
"""
    space.apply(pod("asks", shell('python3 -c "$SCRIPT"', env=[{"name": "SCRIPT", "value": script}])))
    lines = space.until("two lines", lambda: two_lines(space.log("asks")))
    assert lines[0] == "APIVersions"
    assert lines[1].startswith("web-")


def two_lines(text: str) -> list[str] | None:
    lines = text.splitlines()
    return lines if len(lines) >= 2 else None


def addresses_of(space: Space, name: str, count: int) -> list[str] | None:
    found = [address for address, ready in space.endpoints(name).items() if ready]
    return found if len(found) == count else None
