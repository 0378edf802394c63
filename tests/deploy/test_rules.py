"""No permission is more than the flags need, and each goes with the flag that makes it needless."""

from typing import Any

import pytest

from tests.deploy.chart import NAMESPACE, Chart, rules_of

WATCHED = {
    "list networking.k8s.io/ingresses",
    "watch networking.k8s.io/ingresses",
    "list services",
    "watch services",
    "list discovery.k8s.io/endpointslices",
    "watch discovery.k8s.io/endpointslices",
    "list gateway.networking.k8s.io/referencegrants",
    "watch gateway.networking.k8s.io/referencegrants",
    "create events",
    "patch events",
    "patch networking.k8s.io/ingresses/status",
}
SECRETS = {"list secrets", "watch secrets", "list configmaps", "watch configmaps"}
CLASSES = {"list networking.k8s.io/ingressclasses", "watch networking.k8s.io/ingressclasses"}
OWN = {
    "create coordination.k8s.io/leases",
    "get coordination.k8s.io/leases=edge-sallygate-leader",
    "update coordination.k8s.io/leases=edge-sallygate-leader",
    "list pods",
    "list configmaps=edge-sallygate-controller",
    "watch configmaps=edge-sallygate-controller",
}


def rules(chart: Chart, values: dict[str, Any]) -> dict[str, set[str]]:
    return rules_of(chart.render(values))


def test_the_defaults_watch_every_namespace(chart: Chart) -> None:
    assert rules(chart, {}) == {"*": WATCHED | SECRETS | CLASSES, NAMESPACE: OWN}


def test_a_scope_is_a_role_in_its_namespace(chart: Chart) -> None:
    found = rules(chart, {"controller": {"scope": {"enabled": True, "namespace": "team-a"}}})
    publish = {f"{verb} services=edge-sallygate-controller" for verb in ("list", "watch")}
    assert found == {"team-a": WATCHED | SECRETS, "*": CLASSES, NAMESPACE: OWN | publish}


def test_a_scope_of_the_own_namespace_alone(chart: Chart) -> None:
    found = rules(chart, {"controller": {"scope": {"enabled": True}}, "rbac": {"scope": True}})
    assert found == {NAMESPACE: WATCHED | SECRETS | OWN}
    control = chart.render({"controller": {"scope": {"enabled": True}}, "rbac": {"scope": True}}).container("control")
    assert "--ingress-class-by-name=true" in control["args"], "no IngressClass can be read"


def test_secrets_of_some_namespaces_only(chart: Chart) -> None:
    values = {
        "rbac": {"secretNamespaces": ["shop", "blog"]},
        "controller": {"extraArgs": {"default-ssl-certificate": "certs/wildcard"}},
    }
    certificate = {f"{verb} secrets=wildcard" for verb in ("list", "watch")}
    assert rules(chart, values) == {
        "*": WATCHED | CLASSES,
        "shop": SECRETS,
        "blog": SECRETS,
        "certs": certificate,
        NAMESPACE: OWN,
    }


@pytest.mark.parametrize(
    ("values", "more", "less"),
    [
        ({"controller": {"publishService": {"enabled": False}}}, {"get nodes"}, set()),
        (
            {
                "controller": {
                    "publishService": {"enabled": False},
                    "extraArgs": {"publish-status-address": "192.0.2.1"},
                }
            },
            set(),
            set(),
        ),
        (
            {"controller": {"extraArgs": {"update-status": "false"}}},
            set(),
            {"patch networking.k8s.io/ingresses/status", "list pods"},
        ),
        (
            {"controller": {"publishService": {"enabled": False}, "extraArgs": {"update-status": False}}},
            set(),
            {"patch networking.k8s.io/ingresses/status", "list pods"},
        ),
        (
            {"controller": {"extraArgs": {"update-status-on-shutdown": "f"}}},
            set(),
            {"list pods"},
        ),
        (
            {"controller": {"disableLeaderElection": True}},
            set(),
            {each for each in WATCHED | OWN if not each.startswith(("list ", "watch "))} | {"list pods"},
        ),
        (
            {"controller": {"scope": {"namespaceSelector": "edge=public"}}},
            {"list namespaces", "watch namespaces"},
            set(),
        ),
    ],
)
def test_rules_follow_the_flags(chart: Chart, values: dict[str, Any], more: set[str], less: set[str]) -> None:
    found = rules(chart, values)
    assert found["*"] | found[NAMESPACE] == (WATCHED | SECRETS | CLASSES | OWN | more) - less


def test_config_maps_are_read_by_name_in_their_namespace(chart: Chart) -> None:
    found = rules(chart, {"controller": {"extraArgs": {"tcp-services-configmap": "tcp/ports"}}})
    assert found["tcp"] == {"list configmaps=ports", "watch configmaps=ports"}


def test_the_default_backend_is_read_outside_of_the_scope(chart: Chart) -> None:
    values = {
        "controller": {"scope": {"enabled": True}, "extraArgs": {"default-backend-service": "errors/pages"}},
        "rbac": {"scope": True},
    }
    assert rules(chart, values)["errors"] == {
        "list services=pages",
        "watch services=pages",
        "list discovery.k8s.io/endpointslices",
        "watch discovery.k8s.io/endpointslices",
    }
