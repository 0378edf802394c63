"""Fixtures for tests on a real cluster: one cluster for the whole run, a namespace for each test.

Elsewhere: `from tests.cluster.fixtures import cluster, space` in a conftest.
"""

import contextlib
import http.client
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec
import pytest

from tests.cluster import build
from tests.cluster import cluster as rig
from tests.cluster.api import Api, ApiError, Object
from tests.cluster.cluster import Cluster

T = TypeVar("T")

PATIENCE = 30.0  # seconds until what a test waits for must be so
POLL = 0.05
REQUEST = 15.0


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Yield the cluster of this tree: the one that runs, or one that ends with the last run of tests that uses it."""
    try:
        rig.check()
    except build.UnavailableError as error:
        pytest.skip(str(error))
    programs = build.built()
    if programs is None:
        try:
            build.go()
        except build.UnavailableError as error:
            pytest.skip(str(error))
        pytest.fail("the test cluster is not built: run `python -m tests.cluster build` (minutes, the first time)")
    with rig.user():
        yield rig.up(programs, with_last_user=True)


class Space:
    """A namespace of its own for one test, and the waiting that tests do there."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.api: Api = cluster.api
        self.name = name

    def apply(self, *manifests: str | Object) -> list[Object]:
        """Apply objects in this namespace."""
        return self.api.apply(*manifests, namespace=self.name)

    def delete(self, *manifests: str | Object) -> None:
        self.api.delete(*manifests, namespace=self.name)

    def path(self, plural: str, name: str = "") -> str:
        """Return the path of something here: `pods` and `services`, or `apps/v1/deployments`."""
        group, _, resource = plural.rpartition("/")
        root = f"/apis/{group}" if group else "/api/v1"
        return f"{root}/namespaces/{self.name}/{resource}" + (f"/{name}" if name else "")

    def items(self, plural: str) -> list[Object]:
        found: list[Object] = self.api.get(self.path(plural))["items"]
        return found

    def until(self, what: str, ask: Callable[[], T | None], patience: float = PATIENCE) -> T:
        """Return what `ask` finds as soon as it is true; what is not there yet may raise."""
        deadline = time.monotonic() + patience
        while True:
            problem: object = "not yet"
            try:
                if found := ask():
                    return found
            except (ApiError, OSError, http.client.HTTPException, LookupError) as error:
                problem = error
            if time.monotonic() > deadline:
                pytest.fail(f"{what}: {problem} after {patience} s; {self.describe()}")
            time.sleep(POLL)

    def ready(self, selector: str, count: int = 1) -> list[Object]:
        """Wait for exactly so many pods of `app=selector` that are all ready, and return them."""

        def look() -> list[Object] | None:
            found = [pod for pod in self.items("pods") if pod["metadata"].get("labels", {}).get("app") == selector]
            return found if len(found) == count and all(map(is_ready, found)) else None

        return self.until(f"{count} ready pods of {selector}", look)

    def endpoints(self, service: str) -> dict[str, bool]:
        """Return the addresses of a Service's EndpointSlices, and whether each is ready."""
        return {
            address: endpoint["conditions"]["ready"]
            for part in self.items("discovery.k8s.io/v1/endpointslices")
            if part["metadata"]["labels"]["kubernetes.io/service-name"] == service
            for endpoint in part["endpoints"] or []
            for address in endpoint["addresses"]
        }

    def balanced(self, service: str) -> str:
        """Wait for the address of a Service of type LoadBalancer."""

        def look() -> str | None:
            status = self.api.get(self.path("services", service))["status"]
            return str(status["loadBalancer"]["ingress"][0]["ip"])

        return self.until(f"an address for {service}", look)

    def log(self, pod: str, **options: str) -> str:
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return self.api.text(f"{self.path('pods', pod)}/log?{query}")

    def ended(self, pod: str) -> str:
        """Wait for the end of a pod that runs to its end, and return how it ended: Succeeded or Failed."""

        def look() -> str | None:
            phase = str(self.api.get(self.path("pods", pod))["status"].get("phase"))
            return phase if phase in {"Succeeded", "Failed"} else None

        return self.until(f"the end of {pod}", look)

    def describe(self) -> str:
        """Return why pods are not ready, in short: their states, and the last that those who are not ready said."""
        notes = []
        for pod in self.items("pods"):
            name, status = pod["metadata"]["name"], pod["status"]
            states = [each["state"] for each in status.get("containerStatuses", [])]
            notes.append(f"{name} {status.get('phase')} {status.get('message', '')} {states}")
            if not is_ready(pod):
                for container in pod["spec"]["containers"]:
                    with contextlib.suppress(ApiError):
                        said = self.log(name, container=container["name"], tailLines="3").strip()
                        notes.append(f"{container['name']} said: {said}")
        return "pods: " + ("; ".join(notes) or "none")


def is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def fetch(address: str, port: int, path: str = "/", method: str = "GET") -> dict[str, Any]:
    """Return what the echo server at an address received; nothing if it answers without a body."""
    connection = http.client.HTTPConnection(address, port, timeout=REQUEST)
    try:
        connection.request(method, path, headers={"Host": "echo.example.com"})
        body = connection.getresponse().read()
        return msgspec.json.decode(body, type=dict[str, Any]) if body else {}
    finally:
        connection.close()


@contextlib.contextmanager
def fresh(cluster: Cluster, purpose: str = "test") -> Iterator[Space]:
    """Yield a fresh namespace in which pods can be made. It is deleted afterwards; nobody waits for that."""
    name = f"{purpose}-{uuid.uuid4().hex[:8]}"
    cluster.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    made = Space(cluster, name)
    made.until("a ServiceAccount", lambda: cluster.api.get(made.path("serviceaccounts", "default")))
    try:
        yield made
    finally:
        with contextlib.suppress(ApiError):
            cluster.api.request("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def space(cluster: Cluster) -> Iterator[Space]:
    """Yield a namespace of the test's own."""
    with fresh(cluster) as made:
        yield made
