"""Requests are spread over all pods of a Service."""

from tests.conformance.ingress.cluster import until
from tests.conformance.ingress.manifests import Path
from tests.conformance.ingress.scenario import Scenario, told

PODS, REQUESTS = 10, 100


def test_a_hundred_requests_reach_all_ten_pods(scenario: Scenario) -> None:
    scenario.backends("echo")
    scenario.ingress({"balanced.example": [Path("/", "echo")]})
    scenario.reaches("echo", "balanced.example", "/")
    scenario.target.cluster.patch("Deployment", scenario.namespace, "echo", {"spec": {"replicas": PODS}})
    scenario.ready("echo", PODS)

    def all_of_them() -> bool:
        replies = [scenario.send("GET", "balanced.example", "/") for _ in range(REQUESTS)]
        assert {reply.status for reply in replies} == {200}
        return len({told(reply)["pod"] for reply in replies}) == PODS

    until("all pods among a hundred requests", scenario.target.wait_for_route, all_of_them)
