"""Somebody else's Ingress."""

import time

from tests.conformance.ingress.manifests import Path
from tests.conformance.ingress.scenario import Scenario


def test_an_ingress_of_an_unknown_class_gets_no_status(scenario: Scenario) -> None:
    """Looked at for as long as an Ingress of the right class needs, and a second more."""
    scenario.backends("echo")
    scenario.ingress({"foreign.example": [Path("/", "echo")]}, ingress_class="some-invalid-class-name")
    with scenario.target.cluster.namespace() as namespace:
        ours = Scenario(scenario.target, namespace)
        ours.backends("echo")
        ours.ingress({"own.example": [Path("/", "echo")]})
        ours.reaches("echo", "own.example", "/")
        end = time.monotonic() + 1
        while time.monotonic() < end:
            assert scenario.status() == ""
            ours.misses("foreign.example", "/")
