"""A real API server asks the webhook of the chart, and evaluates its policy, before it stores an Ingress."""

import base64
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.api import ApiError
from tests.cluster.fixtures import Space
from tests.deploy.chart import Chart
from tests.deploy.helm_program import HelmMissingError, program
from tests.support.pki import Authority
from tests.unit.webhook.test_review import ingress

PATIENCE = 90.0  # seconds; the pod starts Python


@pytest.fixture(scope="module")
def chart() -> Chart:
    try:
        return Chart(program())
    except HelmMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def webhook(space: Space, chart: Chart) -> Iterator[Space]:
    """The webhook's objects as the chart makes them, for the Ingresses of the namespace."""
    authority = Authority("Test CA")
    name = f"{space.name}-webhook"
    chain, key = (base64.b64encode(part).decode() for part in authority.issue(f"{name}.{space.name}.svc"))
    certificate = {"secretName": "webhook-tls", "caBundle": base64.b64encode(authority.pem).decode()}
    values = {
        "fullnameOverride": space.name,
        "namespaceOverride": space.name,
        "validation": {"webhook": {"enabled": True, "namespaceSelector": _here(space), "certificate": certificate}},
    }
    made = [each for each in chart.render(values).objects if "webhook" in each["metadata"]["name"]]
    assert {each["kind"] for each in made} == {"Deployment", "Service", "ValidatingWebhookConfiguration"}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "webhook-tls"},
        "data": {"tls.crt": chain, "tls.key": key},
    }
    try:
        space.apply(secret, *made)
        yield space
    finally:
        space.delete(*(each for each in made if "namespace" not in each["metadata"]))


def _here(space: Space) -> dict[str, Any]:
    return {"matchLabels": {"kubernetes.io/metadata.name": space.name}}


def _ingress(space: Space, **wanted: str) -> dict[str, Any]:
    found = ingress(**wanted)
    # A new one each time: an error that stands already is no reason to refuse an edit.
    found["metadata"] |= {"namespace": space.name, "name": f"i-{uuid.uuid4().hex[:8]}"}
    return found


def _refusal(space: Space, **wanted: str) -> str:
    """What is said of an Ingress; empty where it is stored. A webhook is asked a moment after it is there."""
    try:
        space.apply(_ingress(space, **wanted))
    except ApiError as error:
        return str(error)
    return ""


def test_the_webhook_is_asked_and_heard(webhook: Space) -> None:
    webhook.until("a refusal", lambda: "GW223" in _refusal(webhook, path="/a b") or None, PATIENCE)
    assert "GW290" in _refusal(webhook, configuration_snippet="return 403;")
    assert _refusal(webhook) == ""
    assert _refusal(webhook, proxy_read_timeout="7s") == "", "a warning is no refusal"


def test_the_policy_refuses_what_its_expressions_say(space: Space, chart: Chart) -> None:
    values = {"validation": {"policy": {"enabled": True, "failurePolicy": "Fail", "namespaceSelector": _here(space)}}}
    made = [each for each in chart.render(values).objects if each["kind"].startswith("ValidatingAdmissionPolicy")]
    for each in made:
        each["metadata"]["name"] = space.name
        if "policyName" in each["spec"]:
            each["spec"]["policyName"] = space.name
    assert len(made) == 2
    try:
        space.api.apply(*made)
        space.until("the policy counts", lambda: "GW223" in _refusal(space, path="/a b") or None)
        assert "GW290" in _refusal(space, configuration_snippet="return 403;")
        assert "GW282" in _refusal(space, proxy_read_timeout="7s")
        assert "GW282" in _refusal(space, proxy_body_size="8MB")
        assert _refusal(space, proxy_read_timeout="7", proxy_body_size="8m") == ""
        assert _refusal(space, path="/a b", klass="traefik") == "", "others are left alone"
    finally:
        space.api.delete(*made)
