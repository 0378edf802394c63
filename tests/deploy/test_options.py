"""Every value that the chart takes has an effect, is in the table of values, and has a type in the schema.

`options/*.yaml` set each value to something that is found nowhere else; it has to show up. Values that can only be one
of a few are changed one by one, and what is rendered has to change with them.
"""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.chart import CHART, Chart

OPTIONS = sorted((Path(__file__).parent / "options").glob("*.yaml"))
TABLE = yaml.safe_load((CHART / "files/values.yaml").read_text())
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
MARKED = re.compile(r"\bo-|^/o-|\bo\.|^7[01]\d\d|^7[1-9]s?$|^192\.0\.2\.|^sha256:0d")

BACKEND = {"defaultBackend": {"enabled": True, "image": {"repository": "pages.example/errors"}}}
CERTIFICATE = {"secretName": "webhook", "caBundle": "Q0E="}

# A value, what it is changed to, and what it needs beside it.
SWITCHES: dict[str, tuple[Any, dict[str, Any]]] = {
    "controller.kind": ("DaemonSet", {}),
    "controller.hostNetwork": (True, {}),
    "controller.hostPort.enabled": (True, {}),
    "controller.ingressClassResource.enabled": (False, {}),
    "controller.ingressClassResource.default": (True, {}),
    "controller.ingressClassByName": (True, {}),
    "controller.watchIngressWithoutClass": (True, {}),
    "controller.scope.enabled": (True, {}),
    "controller.publishService.enabled": (False, {}),
    "controller.reportNodeInternalIp": (True, {}),
    "controller.disableLeaderElection": (True, {}),
    "controller.service.enabled": (False, {}),
    "controller.service.enableHttp": (False, {}),
    "controller.service.enableHttps": (False, {}),
    "controller.service.appProtocol": (False, {}),
    "controller.service.allocateLoadBalancerNodePorts": (False, {}),
    "controller.service.external.enabled": (False, {}),
    "controller.service.internal.enabled": (True, {}),
    "controller.service.internal.appProtocol": (False, {"controller": {"service": {"internal": {"enabled": True}}}}),
    "controller.service.internal.allocateLoadBalancerNodePorts": (
        False,
        {"controller": {"service": {"internal": {"enabled": True}}}},
    ),
    "controller.autoscaling.enabled": (True, {}),
    "controller.networkPolicy.enabled": (True, {}),
    "controller.metrics.enabled": (True, {}),
    "controller.metrics.service.enabled": (False, {"controller": {"metrics": {"enabled": True}}}),
    "controller.metrics.serviceMonitor.enabled": (True, {"controller": {"metrics": {"enabled": True}}}),
    "controller.metrics.serviceMonitor.honorLabels": (
        True,
        {"controller": {"metrics": {"enabled": True, "serviceMonitor": {"enabled": True}}}},
    ),
    "controller.metrics.prometheusRule.enabled": (
        True,
        {"controller": {"metrics": {"enabled": True, "prometheusRule": {"rules": [{"alert": "Any"}]}}}},
    ),
    "defaultBackend.enabled": (True, {"defaultBackend": {"image": {"repository": "pages.example/errors"}}}),
    "defaultBackend.image.readOnlyRootFilesystem": (False, BACKEND),
    "defaultBackend.autoscaling.enabled": (True, BACKEND),
    "defaultBackend.networkPolicy.enabled": (True, BACKEND),
    "rbac.create": (False, {}),
    "rbac.scope": (True, {"controller": {"scope": {"enabled": True}}}),
    "serviceAccount.create": (False, {}),
    "validation.webhook.enabled": (True, {"validation": {"webhook": {"certificate": CERTIFICATE}}}),
    "validation.webhook.warnOnly": (True, {"validation": {"webhook": {"enabled": True, "certificate": CERTIFICATE}}}),
    "validation.webhook.certificate.certManager.enabled": (
        True,
        {"validation": {"webhook": {"enabled": True, "certificate": CERTIFICATE}}},
    ),
    "validation.policy.enabled": (True, {}),
}


def rows(table: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, row in table.items():
        name = f"{path}.{key}".strip(".")
        if isinstance(row, dict):
            yield from rows(row, name)
        else:
            yield name, row


TAKEN = {name for name, row in rows(TABLE) if row == "taken"}


def dig(values: Any, path: str) -> Any:
    for key in path.split("."):
        values = values.get(key) if isinstance(values, dict) else None
    return values


def put(values: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(values)
    *folders, last = path.split(".")
    node = changed
    for key in folders:
        node = node.setdefault(key, {})
    node[last] = value
    return changed


def without(values: dict[str, Any], path: str) -> dict[str, Any]:
    changed = copy.deepcopy(values)
    *folders, last = path.split(".")
    node = changed
    for key in folders:
        node = node[key]
    del node[last]
    return changed


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)
    else:
        yield value


def shows(mark: str, text: str) -> bool:
    """As a word of its own, not as a part of another mark."""
    return re.search(rf"(?<![\w-]){re.escape(mark)}(?![\w-])", text) is not None


@pytest.mark.parametrize("path", OPTIONS, ids=lambda path: path.stem)
def test_what_is_set_shows_up(chart: Chart, path: Path) -> None:
    values = yaml.safe_load(path.read_text())
    rendered = chart.render(values)
    before = chart.render().text
    silent = []
    for name in sorted(TAKEN):
        value = dig(values, name)
        if value is None or name in SWITCHES:
            continue
        marks = [str(leaf) for leaf in leaves(value) if MARKED.search(str(leaf))]
        if marks:
            silent += [f"{name}: {mark}" for mark in marks if mark not in rendered.text or mark in before]
        elif chart.render(without(values, name)).text == rendered.text:
            silent.append(name)
    assert silent == []


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_changes_what_is_rendered(chart: Chart, name: str) -> None:
    value, beside = SWITCHES[name]
    assert dig(DEFAULTS, name) != value
    assert chart.render(put(beside, name, value)).text != chart.render(beside).text


def test_strictness_refuses_what_is_otherwise_reported(chart: Chart) -> None:
    values = {"failOnValuesWithoutEffect": True, "controller": {"replicaCuont": 2}}
    assert "controller.replicaCuont: unknown to this chart" in chart.refusal(values)
    assert chart.render({"failOnValuesWithoutEffect": True}).without_effect == []


def test_every_value_that_is_taken_is_tried_here() -> None:
    tried = {"failOnValuesWithoutEffect", *SWITCHES}
    for path in OPTIONS:
        values = yaml.safe_load(path.read_text())
        tried |= {name for name in TAKEN if dig(values, name) not in (None, [], {})}
    assert TAKEN - tried == set()


def test_the_table_and_the_defaults_name_the_same_values() -> None:
    def named(table: Any, defaults: Any, path: str = "") -> Iterator[str]:
        if not isinstance(table, dict):
            return
        for key in defaults:
            name = f"{path}.{key}".strip(".")
            if key not in table:
                yield f"{name} is not in files/values.yaml"
            else:
                yield from named(table[key], defaults[key] or {}, name)

    assert list(named(TABLE, DEFAULTS)) == []
    missing = {name for name in TAKEN if dig(DEFAULTS, name.rpartition(".")[0]) is None and "." in name}
    assert missing == set()
    assert {
        name for name in TAKEN if name.rpartition(".")[2] not in (dig(DEFAULTS, name.rpartition(".")[0]) or DEFAULTS)
    } == set()


def test_every_value_that_is_taken_has_a_type() -> None:
    untyped = []
    for name in TAKEN:
        node = SCHEMA
        for key in name.split("."):
            node = node.get("properties", {}).get(key, {})
        if not node.keys() & {"type", "enum", "anyOf"}:
            untyped.append(name)
    assert untyped == []
