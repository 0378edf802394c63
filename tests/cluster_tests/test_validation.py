"""A real API server asks the webhook, and evaluates the policy of the chart, before it stores an Ingress."""

import base64
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.api import ApiError
from tests.cluster.fixtures import Space
from tests.deploy.chart import Chart
from tests.deploy.helm_program import HelmMissingError, program
from tests.support.gateway_process import ROOT, Lines, environment
from tests.support.pki import Authority
from tests.unit.webhook.test_review import ingress


@pytest.fixture
def webhook(space: Space, tmp_path: Path) -> Iterator[Space]:
    """The command, asked by the API server for the Ingresses of the namespace."""
    authority = Authority("Test CA")
    for name, content in zip(("tls.crt", "tls.key"), authority.issue("localhost"), strict=True):
        (tmp_path / name).write_bytes(content)
    command = [sys.executable, "-m", "gateway", "webhook", "--port=0", "--bind-address=127.0.0.1"]
    command += [f"--tls-cert={tmp_path / 'tls.crt'}", f"--tls-key={tmp_path / 'tls.key'}"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    lines = Lines(process.stderr)
    hook = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": space.name},
        "webhooks": [
            {
                "name": "ingresses.sallygate.dev",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Fail",
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.name}},
                "rules": [
                    {
                        "apiGroups": ["networking.k8s.io"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["ingresses"],
                    }
                ],
                "clientConfig": {
                    "url": lines.wait("https://").rpartition(" ")[2],
                    "caBundle": base64.b64encode(authority.pem).decode(),
                },
            }
        ],
    }
    try:
        space.api.apply(hook)
        yield space
    finally:
        with contextlib.suppress(ApiError):
            space.api.delete(hook)
        process.kill()
        process.wait()
        lines.join()
        process.stderr.close()


def _ingress(space: Space, **wanted: str) -> dict[str, Any]:
    found = ingress(**wanted)
    found["metadata"]["namespace"] = space.name
    return found


def _refusal(space: Space, **wanted: str) -> str:
    """What is said of an Ingress; empty where it is stored. A webhook is asked a moment after it is there."""
    try:
        space.apply(_ingress(space, **wanted))
    except ApiError as error:
        return str(error)
    return ""


def test_the_webhook_is_asked_and_heard(webhook: Space) -> None:
    webhook.until("the webhook is asked", lambda: "GW223" in _refusal(webhook, path="/a b") or None)
    assert "GW290" in _refusal(webhook, configuration_snippet="return 403;")
    assert _refusal(webhook) == ""
    assert _refusal(webhook, proxy_read_timeout="7s") == "", "a warning is no refusal"


def test_the_policy_refuses_what_its_expressions_say(space: Space) -> None:
    try:
        chart = Chart(program())
    except HelmMissingError as missing:
        pytest.skip(str(missing))
    here = {"matchLabels": {"kubernetes.io/metadata.name": space.name}}
    values = {"validation": {"policy": {"enabled": True, "failurePolicy": "Fail", "namespaceSelector": here}}}
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
