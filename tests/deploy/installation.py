"""A release of the chart on the test cluster, and what its control plane was allowed and did there.

The image is this tree's gateway; everything else (arguments, users, volumes, token, probes, rules) is the chart's.
"""

import contextlib
from typing import Any

from tests.cluster.api import ApiError, Object
from tests.cluster.fixtures import Space, is_ready
from tests.deploy.chart import Chart, Rendered, rules_of

Permission = tuple[str, str, str]  # verb, API group, resource
PATIENCE = 60.0  # seconds; pods start Python twice


class Installed:
    """A release in the namespace of a test. `user` is the account of control."""

    def __init__(self, chart: Chart, space: Space, values: dict[str, Any]) -> None:
        own = values.get("controller", {})
        named = {
            "replicaCount": 2,
            "ingressClass": space.name,
            "ingressClassResource": {"name": space.name, "controllerValue": f"sallygate.dev/{space.name}"},
            "drain": {"preStopSeconds": 3, "timeout": 5},  # kube-proxy of a busy machine needs more than one
            "readinessProbe": {"periodSeconds": 1},
            **own,
        }
        self.space = space
        self.rendered: Rendered = chart.render(
            {**values, "fullnameOverride": space.name, "namespaceOverride": space.name, "controller": named}
        )
        self.name = f"{space.name}-controller"
        self.user = f"system:serviceaccount:{space.name}:{space.name}"
        self.mark = space.cluster.audit.mark()
        space.apply(*self.rendered.objects)

    def remove(self) -> None:
        for each in self.rendered.objects:
            if "namespace" not in each["metadata"]:
                self.space.delete(each)

    def pods(self) -> list[Object]:
        labels = self.rendered.one("Deployment", self.name)["spec"]["selector"]["matchLabels"]
        found = self.space.items("pods")
        return [each for each in found if labels.items() <= each["metadata"]["labels"].items()]

    def wait_ready(self, count: int) -> list[Object]:
        def look() -> list[Object] | None:
            pods = self.pods()
            return pods if len(pods) == count and all(map(is_ready, pods)) else None

        return self.space.until(f"{count} ready pods of the gateway", look, patience=PATIENCE)

    def scale(self, count: int) -> None:
        path = self.space.path("apps/v1/deployments", self.name)
        self.space.api.request("PATCH", path, {"spec": {"replicas": count}}, "application/merge-patch+json")
        self.space.until(f"{count} pods", lambda: len(self.pods()) == count or None, patience=PATIENCE)

    def restart(self) -> None:
        """As `kubectl rollout restart`."""
        template = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}
        path = self.space.path("apps/v1/deployments", self.name)
        self.space.api.request("PATCH", path, {"spec": {"template": template}}, "application/merge-patch+json")

    def wait_replaced(self, before: set[str], count: int) -> None:
        """Until none of the pods `before` is left, and so many others are ready."""

        def look() -> bool | None:
            pods = self.pods()
            new = [each for each in pods if each["metadata"]["uid"] not in before]
            return (len(new) == len(pods) == count and all(map(is_ready, new))) or None

        self.space.until("other pods", look, patience=2 * PATIENCE)

    def granted(self) -> set[Permission]:
        found = set()
        for rules in rules_of(self.rendered).values():
            for rule in rules:
                verb, _, rest = rule.partition(" ")
                group, _, resource = rest.partition("=")[0].partition("/")
                # "services" and "ingresses/status" have no group before the slash; groups have dots.
                if not resource or "." not in group:
                    group, resource = "", rest.partition("=")[0]
                found.add((verb, group, resource))
        return found

    def used(self) -> set[Permission]:
        return self.space.cluster.audit.permissions(self.user, self.mark)

    def refused(self) -> list[str]:
        """What it asked for and was not given."""
        rows = self.space.cluster.audit.since(self.mark, user=self.user)
        return sorted({f"{row.verb} {row.path}" for row in rows if row.decision == "forbid"})

    def logs(self) -> str:
        told = []
        for each in self.space.items("pods"):
            with contextlib.suppress(ApiError):
                told.append(self.space.log(each["metadata"]["name"], container="control"))
        return "\n".join(told)
