"""Files of values as users of ingress-nginx have them (`values/`) render, and what has no effect is listed.

`golden/NAME.yaml` holds both. UPDATE_GOLDEN=1 writes it anew.
"""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.chart import Chart, Object

HERE = Path(__file__).parent
CASES = sorted((HERE / "values").glob("*.yaml"))
OURS = ("app.kubernetes.io/", "helm.sh/")  # the same on every object, and some change with each release


class Plain(yaml.SafeDumper):
    """Lists indented as in Kubernetes' own documentation, texts of several lines as blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


Plain.add_representer(str, text)


def shown(each: Object) -> Object:
    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {key: clean(inner) for key, inner in value.items()}
            if isinstance(labels := kept.get("labels"), dict):
                kept["labels"] = {key: inner for key, inner in labels.items() if not key.startswith(OURS)}
                kept = {key: inner for key, inner in kept.items() if key != "labels" or inner}
            return kept
        return [clean(inner) for inner in value] if isinstance(value, list) else value

    return dict(clean(each))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_what_becomes_of_a_pasted_file(chart: Chart, case: Path) -> None:
    rendered = chart.render(case)
    objects = sorted(map(shown, rendered.objects), key=lambda each: (each["kind"], each["metadata"]["name"]))
    documents = [{"values without effect": rendered.without_effect}, *objects]
    found = yaml.dump_all(documents, Dumper=Plain, sort_keys=False, width=140, allow_unicode=True)
    golden = HERE / "golden" / case.name
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found)
    assert found == golden.read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_two_releases_do_not_share_a_name_in_the_cluster(chart: Chart, case: Path) -> None:
    """Beside each other, apart from the class, which only one of them may own."""
    names = [
        {(each["kind"], each["metadata"]["name"]) for each in chart.render(case, release=release).objects}
        for release in ("one", "two")
    ]
    shared = {(kind, name) for kind, name in names[0] & names[1] if kind != "IngressClass"}
    assert shared == set() or "fullnameOverride" in case.read_text()
