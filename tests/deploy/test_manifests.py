"""The plain manifests are what the chart renders, and chart and package have one version."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.chart import CHART, ROOT, Chart, rules_of

GENERATE = runpy.run_path(str(ROOT / "deploy" / "generate.py"))
STALE = "stale: python deploy/generate.py HELM"
MANIFESTS = ROOT / "deploy" / "manifests"


def test_the_manifests_are_in_step_with_the_chart(chart: Chart) -> None:
    assert (MANIFESTS / "sallygate.yaml").read_text() == GENERATE["render"](str(chart.helm)), STALE


def test_the_table_of_flags_is_in_step_with_the_commands() -> None:
    assert (CHART / "files" / "flags.yaml").read_text() == GENERATE["flag_table"](), STALE


def test_the_manifests_name_no_helm_and_lie_in_their_namespace() -> None:
    objects: list[dict[str, Any]] = list(yaml.safe_load_all((MANIFESTS / "sallygate.yaml").read_text()))
    wide = {"Namespace", "ClusterRole", "ClusterRoleBinding", "IngressClass"}
    for each in objects:
        assert each["metadata"].get("namespace") == (None if each["kind"] in wide else "sallygate")
        assert "Helm" not in str(each)
    assert {"Deployment", "Service", "PodDisruptionBudget", *wide} <= {each["kind"] for each in objects}


def test_chart_and_package_have_one_version() -> None:
    package = re.search(r'^version = "([^"]+)"', (ROOT / "_core/Cargo.toml").read_text(), re.MULTILINE)
    assert package is not None
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (package[1], package[1])
    assert f"ARG VERSION={package[1]}\n" in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("example", sorted((ROOT / "deploy" / "examples").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_has_the_effect_that_it_names(chart: Chart, example: Path) -> None:
    rendered = chart.render(example)
    assert rendered.without_effect == []
    assert rendered.text != chart.render().text


def test_side_by_side_owns_no_class_and_writes_no_status(chart: Chart) -> None:
    rendered = chart.render(ROOT / "deploy" / "examples" / "side-by-side.yaml")
    assert rendered.of("IngressClass") == []
    assert "--update-status=false" in rendered.container("control")["args"]
    assert not [rule for rules in rules_of(rendered).values() for rule in rules if "status" in rule]
