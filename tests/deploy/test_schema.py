"""Values of a wrong type are refused before anything is installed, with the place and what would be right."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.deploy.chart import CHART, Chart

SCHEMA = json.loads((CHART / "values.schema.json").read_text())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"controller": {"replicaCount": "two"}}, "'/controller/replicaCount': got string, want integer"),
        ({"controller": {"replicaCount": -1}}, "'/controller/replicaCount': minimum: got -1, want 0"),
        ({"controller": {"kind": "StatefulSet"}}, "'/controller/kind': value must be one of 'Deployment', 'DaemonSet'"),
        ({"controller": {"config": {"a": {"b": 1}}}}, "'/controller/config/a': got object, want"),
        ({"controller": {"extraArgs": {"--v": 2}}}, "'/controller/extraArgs': additional properties '--v' not allowed"),
        ({"controller": {"service": {"type": "Cluster"}}}, "'/controller/service/type': value must be one of"),
        ({"controller": {"service": {"annotations": {"a": True}}}}, "'/controller/service/annotations/a': got boolean"),
        ({"controller": {"containerPort": {"http": 70000}}}, "'/controller/containerPort/http': maximum: got 70,000"),
        ({"controller": {"drain": {"timeout": "25s"}}}, "'/controller/drain/timeout': got string, want integer"),
        ({"controller": {"image": {"runAsUser": 0}}}, "'/controller/image/runAsUser': minimum: got 0, want 1"),
        ({"controller": {"tolerations": {"key": "a"}}}, "'/controller/tolerations': got object, want null or array"),
        ({"controller": {"minAvailable": "half"}}, "'/controller/minAvailable': 'half' does not match pattern"),
    ],
)
def test_a_wrong_type_is_refused_by_name(chart: Chart, values: dict[str, Any], said: str) -> None:
    assert said in chart.refusal(values)


def nullable(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if "null" in schema.get("type", ()) or None in schema.get("enum", ()):
        yield path
    for key, inner in schema.get("properties", {}).items():
        yield from nullable(inner, (*path, key))


def test_what_may_be_null_renders_as_null(chart: Chart) -> None:
    """`key: null` is how a values file takes a default away."""
    values: dict[str, Any] = {
        "controller": {
            "autoscaling": {"enabled": True},
            "metrics": {"enabled": True, "serviceMonitor": {"enabled": True}},
            "networkPolicy": {"enabled": True},
            "service": {"internal": {"enabled": True}},
        },
        "defaultBackend": {"enabled": True, "image": {"repository": "pages.example/errors"}},
    }
    kept = {("defaultBackend", "image", "repository")}
    for *folders, last in set(nullable(SCHEMA)) - kept:
        node = values
        for key in folders:
            node = node.setdefault(key, {})
        node[last] = None
    rendered = chart.render(values)
    assert rendered.without_effect == []
    empty = [each for each in rendered.objects if None in leaves(each)]
    assert empty == []


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from leaves(each)
    else:
        yield value


def test_a_role_for_one_namespace_needs_that_namespace(chart: Chart) -> None:
    assert "set controller.scope.enabled: true as well" in chart.refusal({"rbac": {"scope": True}})


def test_helm_lint_finds_nothing(chart: Chart) -> None:
    done = chart.run("lint", "--strict", CHART)
    assert done.returncode == 0, done.stdout + done.stderr
