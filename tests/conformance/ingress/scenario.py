"""One scenario: a namespace with backends and one Ingress, and requests to the address that its status names."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import orjson

from tests.conformance.ingress import manifests, requests
from tests.conformance.ingress.cluster import Cluster, until
from tests.conformance.ingress.manifests import Path
from tests.conformance.ingress.requests import Address, Reply

READY = "kubernetes.io/service-name"
REDIRECTING = {301, 302, 303, 307, 308}
REDIRECTS = 5


class Target(NamedTuple):
    """What is tested, and how patient the suite is with it. Times in seconds."""

    cluster: Cluster
    ingress_class: str
    own: bool
    """Whether it is this tree's controller, whose known differences are expected to be there."""
    echo_image: str
    address: str | None
    """Given by hand, where the status names one that cannot be reached from here; then the status is still awaited."""
    http_port: int
    https_port: int
    wait_for_status: float
    wait_for_ready: float
    wait_for_route: float


class Scenario:
    def __init__(self, target: Target, namespace: str) -> None:
        self.target = target
        self.namespace = namespace
        self._address: Address | None = None

    # --- given ---

    def backends(self, *names: str, replicas: int = 1) -> None:
        """Echo Deployments with a Service each, all of them ready."""
        for name in names:
            self.target.cluster.create(manifests.deployment(self.namespace, name, self.target.echo_image, replicas))
            self.target.cluster.create(manifests.service(self.namespace, name))
        for name in names:
            self.ready(name, replicas)

    def ready(self, name: str, count: int) -> None:
        until(f"{count} endpoints of {name}", self.target.wait_for_ready, lambda: len(self.endpoints(name)) == count)

    def endpoints(self, name: str) -> set[str]:
        slices = self.target.cluster.all("EndpointSlice", self.namespace, f"{READY}={name}")
        return {
            address
            for one in slices
            for endpoint in one.get("endpoints") or ()
            if endpoint.get("conditions", {}).get("ready")
            for address in endpoint["addresses"]
        }

    def certificate(self, name: str, host: str) -> None:
        self.target.cluster.create(manifests.certificate(self.namespace, name, host))

    def ingress(
        self,
        rules: Mapping[str, Iterable[Path]],
        *,
        default: str = "",
        tls: Mapping[str, str] | None = None,
        ingress_class: str = "",
    ) -> None:
        self.target.cluster.create(
            manifests.ingress(
                self.namespace, ingress_class or self.target.ingress_class, rules, default=default, tls=tls
            )
        )

    def end(self) -> None:
        """Take the Ingress away. Its namespace takes a while to go, and until then the next scenario would meet it."""
        for found in self.target.cluster.all("Ingress", self.namespace):
            self.target.cluster.delete("Ingress", self.namespace, found["metadata"]["name"])

    # --- when ---

    def status(self) -> str:
        """The first address of the Ingress's status, or nothing."""
        found: Mapping[str, Any] = self.target.cluster.read("Ingress", self.namespace, "scenario")
        points = found.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
        return str(points[0].get("ip") or points[0].get("hostname") or "")

    def served(self) -> Address:
        """The address, once the Ingress's status has one."""
        if self._address is None:
            named = until("an address in the Ingress's status", self.target.wait_for_status, self.status)
            self._address = Address(self.target.address or named, self.target.http_port, self.target.https_port)
        return self._address

    def send(self, method: str, host: str, path: str, *, tls: bool = False, agent: str = "conformance") -> Reply:
        return requests.send(self.served(), method, host, path, tls=tls, agent=agent)

    def follow(self, method: str, host: str, path: str, *, tls: bool = False) -> Reply:
        """As a client that goes where it is sent if that is the same host: to https, or to a path with its slash."""
        for _ in range(REDIRECTS):
            reply = self.send(method, host, path, tls=tls)
            place = urlsplit(urljoin(f"{'https' if tls else 'http'}://{host}{path}", reply.headers.get("location", "")))
            if reply.status not in REDIRECTING or place.hostname != host:
                return reply
            path, tls = place._replace(scheme="", netloc="").geturl(), place.scheme == "https"
        raise AssertionError(f"{host}{path}: sent on more than {REDIRECTS} times")

    # --- then ---

    def reaches(self, service: str, host: str, path: str, *, tls: bool = False, method: str = "GET") -> Reply:
        """The request, sent on or not, is answered by this Service's pods. A status may be there before the route."""
        seen: list[Reply] = []

        def look() -> bool:
            seen.append(self.follow(method, host, path, tls=tls))
            return seen[-1].status == 200

        address = self.served()
        until(f"200 for {host}{path} at {address}", self.target.wait_for_route, look)
        pod = told(seen[-1])["pod"]
        assert pod.startswith(f"{service}-"), f"{host}{path} was answered by {pod}, not by {service}"
        return seen[-1]

    def misses(self, host: str, path: str) -> None:
        """No route: 404. Asked after something that is served was, so that the Ingress is known to be programmed."""
        reply = self.send("GET", host, path)
        assert reply.status == 404, f"{host}{path}: {reply.status}"


def told(reply: Reply) -> Mapping[str, Any]:
    """What the echo server says it was asked."""
    found: Mapping[str, Any] = orjson.loads(reply.body)
    return found
