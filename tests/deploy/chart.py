"""Renders the chart as `helm install` would, without a cluster, into objects and notes."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "chart"
RELEASE = "edge"
NAMESPACE = "ingress"

Object = dict[str, Any]


class Rendered(NamedTuple):
    text: str
    objects: Sequence[Object]
    notes: str

    def of(self, kind: str) -> list[Object]:
        return [each for each in self.objects if each["kind"] == kind]

    def one(self, kind: str, name: str | None = None) -> Object:
        found = [each for each in self.of(kind) if name is None or each["metadata"]["name"] == name]
        assert len(found) == 1, f"{len(found)} objects {kind} {name or ''}"
        return found[0]

    def container(self, name: str) -> Object:
        (workload, *_) = self.of("Deployment") + self.of("DaemonSet")
        (found,) = (each for each in workload["spec"]["template"]["spec"]["containers"] if each["name"] == name)
        return dict(found)

    @property
    def without_effect(self) -> list[str]:
        """As the notes list them."""
        _, _, listed = self.notes.partition("These values have no effect:\n")
        return [line.removeprefix("  - ") for line in listed.splitlines() if line.startswith("  - ")]


class Chart:
    def __init__(self, helm: Path) -> None:
        self.helm = helm

    def render(self, values: Mapping[str, Any] | Path | None = None, *, release: str = RELEASE) -> Rendered:
        done = self.attempt(values, release=release)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        objects = [each for each in yaml.load_all(answer["manifest"], Strict) if each]
        return Rendered(answer["manifest"], objects, answer["info"]["notes"])

    def refusal(self, values: Mapping[str, Any]) -> str:
        """What helm says about values that it does not take."""
        done = self.attempt(values)
        assert done.returncode != 0, "these values were taken"
        return done.stderr

    def attempt(
        self, values: Mapping[str, Any] | Path | None, *, release: str = RELEASE
    ) -> subprocess.CompletedProcess[str]:
        given = "-" if not isinstance(values, Path) else str(values)
        words: list[str | Path] = [
            "install",
            release,
            CHART,
            "--namespace",
            NAMESPACE,
            "--dry-run=client",
            "--output=json",
        ]
        typed = None if isinstance(values, Path) else json.dumps(values or {})
        return self.run(*words, f"--values={given}", stdin=typed)

    def run(self, *words: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.helm, *words], input=stdin or "", capture_output=True, text=True, timeout=60, check=False
        )


class Strict(yaml.CSafeLoader):
    """A key that is written twice is an error, as it is to strict parsers."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"written twice, at {node.start_mark}: {keys}"
        return super().construct_mapping(node, deep)


def rules_of(rendered: Rendered) -> dict[str, set[str]]:
    """Every permission that is bound to the ServiceAccount: `role kind namespace/` → `verb group/resource[=name]`."""
    account = rendered.one("ServiceAccount")["metadata"]
    found: dict[str, set[str]] = {}
    for kind in ("Role", "ClusterRole"):
        for binding in rendered.of(f"{kind}Binding"):
            assert binding["roleRef"] == {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": kind,
                "name": binding["metadata"]["name"],
            }
            assert binding["subjects"] == [
                {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}
            ]
        bound = {
            (each["metadata"]["name"], each["metadata"].get("namespace")) for each in rendered.of(f"{kind}Binding")
        }
        for role in rendered.of(kind):
            where = role["metadata"].get("namespace", "*")
            assert (role["metadata"]["name"], role["metadata"].get("namespace")) in bound
            found.setdefault(where, set()).update(
                f"{verb} {group + '/' if group else ''}{resource}{'=' + name if name else ''}"
                for rule in role["rules"]
                for verb in rule["verbs"]
                for group in rule["apiGroups"]
                for resource in rule["resources"]
                for name in rule.get("resourceNames", [""])
            )
    return found
