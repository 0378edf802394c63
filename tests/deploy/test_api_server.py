"""A real API server takes every object that the chart renders, and its rules let control do what it does, and no more.

Objects are sent as dry runs with strict field validation: nothing is kept, everything is defaulted, checked, admitted.
"""

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from tests.cluster.api import Api, ApiError
from tests.cluster.cluster import Cluster
from tests.cluster.fixtures import Space
from tests.deploy.chart import ROOT, Chart, Object

HERE = Path(__file__).parent
VALUES = sorted([*(HERE / "values").glob("*.yaml"), *(ROOT / "deploy" / "examples").glob("*.yaml")])
OPERATOR = "monitoring.coreos.com/v1"  # its kinds are not in an API server of its own
WIDE = {"ClusterRole", "ClusterRoleBinding", "IngressClass", "Namespace"}


def dry_run(api: Api, each: Object) -> Object:
    query = urlencode({"fieldManager": "helm", "force": "true", "dryRun": "All", "fieldValidation": "Strict"})
    answer: Object = api.request("PATCH", f"{api.path(each, '')}?{query}", each, "application/apply-patch+yaml")
    return answer


def make_namespaces(api: Api, objects: Iterable[Object]) -> None:
    for name in sorted({each["metadata"]["namespace"] for each in objects if "namespace" in each["metadata"]}):
        api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def take_all(api: Api, objects: Iterable[Object]) -> list[str]:
    """Every object as a dry run; those that were refused, with what was said."""
    known = [each for each in objects if each["apiVersion"] != OPERATOR]
    assert known
    make_namespaces(api, known)
    refused = []
    for each in known:
        try:
            dry_run(api, each)
        except ApiError as error:
            refused.append(f"{each['kind']} {each['metadata']['name']}: {error}")
    return refused


@pytest.mark.parametrize("values", [None, *VALUES], ids=lambda values: values.stem if values else "defaults")
def test_it_takes_every_object(chart: Chart, cluster: Cluster, values: Path | None) -> None:
    assert take_all(cluster.api, chart.render(values).objects) == []


def test_it_takes_every_object_of_a_daemon_set_and_of_a_scope(chart: Chart, cluster: Cluster) -> None:
    for values in (
        {"controller": {"kind": "Both", "containerPort": {"http": 80, "https": 443}, "hostPort": {"enabled": True}}},
        {"controller": {"scope": {"enabled": True}, "networkPolicy": {"enabled": True}}, "rbac": {"scope": True}},
        {
            "rbac": {"secretNamespaces": ["default"]},
            "controller": {"extraArgs": {"default-ssl-certificate": "default/a"}},
        },
    ):
        assert take_all(cluster.api, chart.render(values).objects) == []


def test_it_takes_the_plain_manifests(cluster: Cluster) -> None:
    objects = list(yaml.safe_load_all((ROOT / "deploy/manifests/sallygate.yaml").read_text()))
    assert take_all(cluster.api, objects) == []


def test_it_says_what_is_wrong_with_an_object(chart: Chart, cluster: Cluster) -> None:
    """So that the tests above can fail."""
    broken = chart.render().one("Deployment")
    broken["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    (said,) = take_all(cluster.api, [broken])
    assert "livenesProbe" in said


@pytest.mark.parametrize("values", [{}, {"controller": {"containerPort": {"http": 80, "https": 443}}}])
def test_a_restricted_namespace_takes_the_pod(chart: Chart, space: Space, values: dict[str, Any]) -> None:
    level = {"pod-security.kubernetes.io/enforce": "restricted"}
    space.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space.name, "labels": level}})
    template = chart.render(values).one("Deployment")["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"] = {**template["metadata"], "name": "sallygate"}
    pod["spec"] = {**template["spec"], "serviceAccountName": "default"}

    def create(each: Object) -> Object:
        path = f"{space.path('pods')}?dryRun=All&fieldValidation=Strict"
        answer: Object = space.api.request("POST", path, each)
        return answer

    def refusal() -> str | None:
        try:
            create(loose)
        except ApiError as error:
            return str(error)
        return None

    loose = copy.deepcopy(pod)
    loose["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    # Admission hears of the label a moment after it was written; once it refuses one pod it judges all.
    assert "violates PodSecurity" in space.until("a refusal", refusal)
    taken = create(pod)
    assert mounts(taken) == mounts(pod), "admission adds no token of its own"
    assert [name for name, mounted in mounts(taken).items() if "token" in mounted] == ["control"]


def mounts(pod: Object) -> dict[str, set[str]]:
    return {each["name"]: {mount["name"] for mount in each["volumeMounts"]} for each in pod["spec"]["containers"]}
