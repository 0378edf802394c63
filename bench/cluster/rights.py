"""Who the contenders are to the API server: a service account each, so that its audit log tells them apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from bench.cluster.objects import SYSTEM, Object

READ: Final = ["get", "list", "watch"]
RULES: Final = [
    {
        "apiGroups": ["networking.k8s.io"],
        "resources": ["ingresses", "ingressclasses"],
        "verbs": READ,
    },
    {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses/status"], "verbs": ["update", "patch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": READ},
    {
        "apiGroups": [""],
        "resources": ["services", "secrets", "configmaps", "nodes", "namespaces", "pods"],
        "verbs": READ,
    },
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": [*READ, "create", "update", "patch"]},
]
GROUP: Final = "rbac.authorization.k8s.io"
SECONDS: Final = 8 * 3600  # that a token holds


def user(name: str) -> str:
    """As the API server names it."""
    return f"system:serviceaccount:{SYSTEM}:{name}"


def accounts(names: list[str]) -> Iterator[Object]:
    yield {"apiVersion": f"{GROUP}/v1", "kind": "ClusterRole", "metadata": {"name": "bench"}, "rules": RULES}
    for name in names:
        yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": SYSTEM}}
        yield {
            "apiVersion": f"{GROUP}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"bench-{name}"},
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "bench"},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": SYSTEM}],
        }


def token_request(name: str) -> tuple[str, Object]:
    """Path and body of what makes a token."""
    path = f"/api/v1/namespaces/{SYSTEM}/serviceaccounts/{name}/token"
    spec = {"expirationSeconds": SECONDS}
    return path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}


def write_kubeconfig(path: Path, server: str, authority: Path, token: str) -> None:
    context = {"cluster": "rig", "user": "me", "namespace": SYSTEM}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "rig", "cluster": {"server": server, "certificate-authority": str(authority)}}],
        "users": [{"name": "me", "user": {"token": token}}],
        "contexts": [{"name": "rig", "context": context}],
        "current-context": "rig",
    }
    path.write_text(yaml.safe_dump(content))
    path.chmod(0o600)
