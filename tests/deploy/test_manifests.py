"""The plain manifests are what the chart renders, and chart and package have one version."""

import re
import subprocess
import sys
from typing import Any

import yaml

from tests.deploy.chart import CHART, ROOT, Chart

GENERATE = ROOT / "deploy" / "generate.py"
MANIFESTS = ROOT / "deploy" / "manifests"


def test_the_manifests_are_in_step_with_the_chart(chart: Chart) -> None:
    probe = f"import runpy; print(runpy.run_path({str(GENERATE)!r})['render']({str(chart.helm)!r}), end='')"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True)
    assert (MANIFESTS / "sallygate.yaml").read_text() == done.stdout, "stale: python deploy/generate.py HELM"


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
