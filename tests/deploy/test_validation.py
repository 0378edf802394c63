"""Checks of Ingresses before they are stored: off by default, and what the chart makes where they are asked for."""

import pytest

from tests.deploy.chart import NAMESPACE, Chart

CERT_MANAGER = {"certificate": {"certManager": {"enabled": True}}}
OWN = {"certificate": {"secretName": "own", "caBundle": "Q0E="}}


def test_without_asking_there_is_none(chart: Chart) -> None:
    found = chart.render()
    for kind in ("ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"):
        assert found.of(kind) == []


def test_the_webhook_has_no_token_and_never_keeps_the_cluster_from_changing(chart: Chart) -> None:
    found = chart.render({"validation": {"webhook": {"enabled": True, **CERT_MANAGER}}})
    workload = found.one("Deployment", "edge-sallygate-webhook")
    pod = workload["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in pod
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    (hook,) = found.one("ValidatingWebhookConfiguration")["webhooks"]
    assert hook["failurePolicy"] == "Ignore"
    assert hook["clientConfig"]["service"]["name"] == "edge-sallygate-webhook"
    assert found.one("Certificate")["spec"]["dnsNames"] == [f"edge-sallygate-webhook.{NAMESPACE}.svc"]
    assert found.one("Issuer")["spec"] == {"selfSigned": {}}


def test_the_webhook_judges_as_control_does(chart: Chart) -> None:
    values = {
        "controller": {"ingressClass": "edge", "extraArgs": {"annotations-prefix": "edge.example"}},
        "validation": {"webhook": {"enabled": True, "warnOnly": True, **OWN}},
    }
    found = chart.render(values)
    container = found.one("Deployment", "edge-sallygate-webhook")["spec"]["template"]["spec"]["containers"][0]
    assert {"--ingress-class=edge", "--annotations-prefix=edge.example", "--warn-only"} <= set(container["args"])
    (hook,) = found.one("ValidatingWebhookConfiguration")["webhooks"]
    assert hook["clientConfig"]["caBundle"] == "Q0E="
    assert found.of("Certificate") == []


@pytest.mark.parametrize("certificate", [{}, {"secretName": "own"}, {"caBundle": "Q0E="}])
def test_without_a_certificate_it_is_refused(chart: Chart, certificate: dict[str, str]) -> None:
    said = chart.refusal({"validation": {"webhook": {"enabled": True, "certificate": certificate}}})
    assert "validation.webhook needs a certificate" in said


def test_a_pasted_value_of_ingress_nginx_makes_no_webhook(chart: Chart) -> None:
    found = chart.render({"controller": {"admissionWebhooks": {"enabled": True, "failurePolicy": "Fail"}}})
    assert found.of("ValidatingWebhookConfiguration") == []
    assert any("admissionWebhooks" in line and "validation.webhook" in line for line in found.without_effect)
