"""Exact and Prefix paths, as the documentation of Kubernetes tells them (Ingress, «Path types»)."""

from typing import NamedTuple

import pytest

from tests.conformance.ingress.manifests import Path
from tests.conformance.ingress.scenario import Scenario


class Case(NamedTuple):
    """`paths` of the Ingress, the request's path, and the Service that answers it; None is 404."""

    name: str
    paths: tuple[Path, ...]
    asked: str
    service: str | None


def exact(path: str, service: str = "one") -> Path:
    return Path(path, service, "Exact")


def prefix(path: str, service: str = "one") -> Path:
    return Path(path, service, "Prefix")


CASES = (
    Case("an exact path is taken", (exact("/foo"),), "/foo", "one"),
    Case("an exact path takes no trailing slash", (exact("/foo"),), "/foo/", None),
    Case("an exact path with a slash at its end needs it", (exact("/foo/"),), "/foo", None),
    Case("an exact path minds case", (exact("/foo"),), "/FOO", None),
    Case("an exact path is not the one of another rule", (exact("/foo"),), "/bar", None),
    Case("the prefix / takes everything", (prefix("/"),), "/any/path", "one"),
    Case("a prefix takes itself", (prefix("/foo"),), "/foo", "one"),
    Case("a prefix takes itself with a slash", (prefix("/foo"),), "/foo/", "one"),
    Case("a prefix with a slash at its end takes itself without", (prefix("/aaa/bbb/"),), "/aaa/bbb", "one"),
    Case("a prefix takes whole elements only", (prefix("/aaa/bb"),), "/aaa/bbb", None),
    Case("a prefix takes what lies below it", (prefix("/aaa/bbb"),), "/aaa/bbb/ccc", "one"),
    Case("a prefix is not the beginning of an element", (prefix("/aaa/bbb"),), "/aaa/bbbxyz", None),
    Case("a prefix minds case", (prefix("/foo"),), "/FOO", None),
    Case(
        "the longest prefix wins",
        (prefix("/"), prefix("/aaa", "two"), prefix("/aaa/bbb", "three")),
        "/aaa/bbb",
        "three",
    ),
    Case("the rest goes to the shorter prefix", (prefix("/"), prefix("/aaa", "two")), "/ccc", "one"),
    Case("an exact path goes before the same prefix", (prefix("/foo"), exact("/foo", "two")), "/foo", "two"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name).replace(" ", "-"))
def test_path(scenario: Scenario, case: Case) -> None:
    scenario.backends(*dict.fromkeys(["one", *(path.service for path in case.paths)]))
    # Hosts of the scenario's own: the Ingress of the one before may be there a while yet, and the older one wins.
    host, sentinel = f"{scenario.namespace}.example", f"sentinel.{scenario.namespace}.example"
    # The sentinel is asked for first, to know that the Ingress is served before something is found missing.
    scenario.ingress({host: case.paths, sentinel: [prefix("/")]})
    scenario.reaches("one", sentinel, "/")
    if case.service is None:
        scenario.misses(host, case.asked)
    else:
        scenario.reaches(case.service, host, case.asked)
