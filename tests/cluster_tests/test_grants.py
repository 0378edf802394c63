"""ReferenceGrants of a real API server, which does not know the kind at first."""

import base64
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.api import ApiError
from tests.cluster.fixtures import Space
from tests.cluster_tests.test_status import account
from tests.support.gateway_process import Gateway
from tests.support.site import get, until

HOST = "granted.example.com"
GROUP = "gateway.networking.k8s.io"
DEFINITION = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/referencegrants.{GROUP}"
READ = ["list", "watch"]
RULES: list[dict[str, Any]] = [
    {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": READ},
    {"apiGroups": [""], "resources": ["services", "secrets", "configmaps"], "verbs": READ},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": READ},
    {"apiGroups": [GROUP], "resources": ["referencegrants"], "verbs": READ},
]
KIND = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": f"referencegrants.{GROUP}",
        "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
    },
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": "ReferenceGrant", "plural": "referencegrants", "singular": "referencegrant"},
        "versions": [
            {
                "name": "v1beta1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                    }
                },
            }
        ],
    },
}


@pytest.fixture
def vault(space: Space) -> Iterator[str]:
    """A namespace with passwords, and no kind of grant in the cluster before and after."""
    name = f"{space.name}-vault"
    users = base64.b64encode(b"user:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=").decode()
    space.api.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "users", "namespace": name},
            "data": {"auth": users},
        },
    )
    yield name
    for path in (
        f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/referencegrants.{GROUP}",
        f"/api/v1/namespaces/{name}",
    ):
        with contextlib.suppress(ApiError):
            space.api.request("DELETE", path)


@pytest.fixture
def gateway(space: Space, tmp_path: Path) -> Iterator[Gateway]:
    kubeconfig = account(space, "reader", [], tmp_path)
    group = "rbac.authorization.k8s.io"
    name = f"{space.name}-reader"
    wide: list[dict[str, Any]] = [
        {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": RULES},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": space.name}],
        },
    ]
    space.api.apply(*wide)
    started = Gateway(
        tmp_path,
        f"--kubeconfig={kubeconfig}",
        "--ingress-class-by-name",
        "--disable-leader-election",
        "--access-log=off",
    )
    try:
        yield started
    finally:
        started.close()
        space.api.delete(*wide)


def ingress(vault: str) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rules = [{"host": HOST, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]
    prefix = "nginx.ingress.kubernetes.io"
    notes = {f"{prefix}/auth-type": "basic", f"{prefix}/auth-secret": f"{vault}/users"}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "annotations": notes},
        "spec": {"ingressClassName": "nginx", "rules": rules},
    }


def test_a_kind_that_comes_late_opens_what_is_granted_and_its_end_closes_it(
    space: Space, vault: str, gateway: Gateway
) -> None:
    space.apply(ingress(vault))
    until(lambda: get(gateway, HOST).status == 503)
    assert "referencegrants" not in gateway.err.text(), "a kind that is not there is no trouble"
    space.api.apply(KIND)
    grant = {
        "apiVersion": f"{GROUP}/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": {"name": "passwords", "namespace": vault},
        "spec": {
            "from": [{"group": "networking.k8s.io", "kind": "Ingress", "namespace": space.name}],
            "to": [{"group": "", "kind": "Secret", "name": "users"}],
        },
    }
    space.until("the kind to be served", lambda: space.api.apply(grant, namespace=vault))
    until(lambda: get(gateway, HOST).status == 401, 60.0)
    space.api.delete(grant, namespace=vault)
    until(lambda: get(gateway, HOST).status == 503)
    space.api.apply(grant, namespace=vault)
    until(lambda: get(gateway, HOST).status == 401)
    space.api.request("DELETE", DEFINITION)
    until(lambda: get(gateway, HOST).status == 503, 60.0)
