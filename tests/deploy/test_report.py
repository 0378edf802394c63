"""What was asked for and has no effect is listed by name, in the notes and in an annotation of the workload."""

from typing import Any

import pytest

from tests.deploy.chart import Chart


def report(chart: Chart, values: dict[str, Any]) -> list[str]:
    rendered = chart.render(values)
    (workload, *_) = rendered.of("Deployment") + rendered.of("DaemonSet")
    annotations = workload["metadata"].get("annotations", {})
    listed = annotations.get("sallygate.dev/values-without-effect", "").splitlines()
    assert listed == rendered.without_effect
    return rendered.without_effect


def test_nothing_is_said_of_the_defaults(chart: Chart) -> None:
    assert report(chart, {}) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"tcp": {"5432": "db/postgres:5432"}}, "tcp: TCP services are not supported yet"),
        (
            {"controller": {"lifecycle": {"preStop": {"exec": {"command": ["/wait-shutdown"]}}}}},
            "controller.lifecycle: the end of a pod follows controller.drain",
        ),
        (
            {"controller": {"replicaCuont": 3}},
            "controller.replicaCuont: unknown to this chart and to ingress-nginx's; is it misspelt?",
        ),
        (
            {"controller": {"enableAnnotationValidations": False}},
            "controller.enableAnnotationValidations: always on",
        ),
        (
            {"controller": {"admissionWebhooks": {"enabled": True, "failurePolicy": "Fail"}}},
            "controller.admissionWebhooks: use validation.webhook, which is off by default",
        ),
        (
            {"controller": {"terminationGracePeriodSeconds": 30}},
            "controller.terminationGracePeriodSeconds: raised to 55, which is what controller.drain takes",
        ),
        (
            {"controller": {"livenessProbe": {"httpGet": {"path": "/healthz", "port": 10254}}}},
            "controller.livenessProbe.httpGet: the paths are fixed, /livez and /readyz; times are taken over",
        ),
        (
            {"controller": {"image": {"image": "ingress-nginx/controller", "tag": "v1.12.1"}}},
            (
                "controller.image: names ingress-nginx's own image, which cannot run Sallygate;"
                " name a copy of Sallygate's, with its tag"
            ),
        ),
        (
            {"controller": {"service": {"targetPorts": {"http": "tohttps"}}}},
            'controller.service.targetPorts.http: the pod has no port "tohttps"; http is used',
        ),
        (
            {
                "controller": {
                    "topologySpreadConstraints": [
                        {
                            "maxSkew": 1,
                            "topologyKey": "topology.kubernetes.io/zone",
                            "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "ingress-nginx"}},
                        }
                    ]
                }
            },
            (
                "controller.topologySpreadConstraints: names ingress-nginx, but these pods are labelled sallygate;"
                " change it, or set nameOverride: ingress-nginx"
            ),
        ),
        (
            {"controller": {"extraArgs": {"enable-ssl-passthrough": ""}}},
            "controller.extraArgs.enable-ssl-passthrough: TLS passthrough is not supported yet; remove the flag",
        ),
        (
            {"controller": {"extraArgs": {"updat-status": "false"}}},
            "controller.extraArgs.updat-status: no flag of Sallygate's or of ingress-nginx's; is it misspelt?",
        ),
        (
            {"controller": {"kind": "DaemonSet", "autoscaling": {"enabled": True}}},
            "controller.autoscaling: a DaemonSet has a pod per node and is not scaled",
        ),
        (
            {"defaultBackend": {"enabled": True, "image": {"image": "defaultbackend-amd64", "tag": "1.5"}}},
            "defaultBackend.enabled: no image of yours is named; Sallygate answers 404 itself, as the stock image does",
        ),
    ],
)
def test_a_value_without_effect_is_listed(chart: Chart, values: dict[str, Any], said: str) -> None:
    assert report(chart, values) == [said]


@pytest.mark.parametrize(
    "values",
    [
        {"controller": {"admissionWebhooks": {"enabled": False, "failurePolicy": "Fail", "port": 8443}}},
        {"controller": {"keda": {"enabled": False, "minReplicas": 1}, "allowSnippetAnnotations": False}},
        {"controller": {"enableAnnotationValidations": True, "image": {"readOnlyRootFilesystem": True}}},
        {"controller": {"extraArgs": {"enable-metrics": True, "profiling": False, "health-check-path": "/healthz"}}},
        {"tcp": {}, "udp": {}, "dhParam": "", "controller": {"lifecycle": {}}},
    ],
)
def test_what_is_switched_off_asks_for_nothing(chart: Chart, values: dict[str, Any]) -> None:
    assert report(chart, values) == []


def test_an_image_of_ingress_nginx_is_never_started(chart: Chart) -> None:
    for image in (
        {"image": "ingress-nginx/controller"},
        {"repository": "mirror.example/ingress-nginx/controller", "tag": "v1.12.1", "digest": "sha256:1"},
        {"tag": "v1.12.1", "digest": "sha256:1"},  # the rest of the name was left at its default
    ):
        rendered = chart.render({"controller": {"image": image}})
        assert {rendered.container(name)["image"] for name in ("dataplane", "control")} == {"sallygate:0.1.0"}
        assert len(rendered.without_effect) == 1
