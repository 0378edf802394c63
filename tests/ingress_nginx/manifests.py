"""Manifests that cases write out: Ingresses with all their fields, Secrets with certificates."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tests.support.manifests import secret
from tests.support.pki import Authority

OLD = datetime(2024, 1, 1, tzinfo=UTC)
AUTHORITY = Authority("authority of the cases")


def backend(service: str, port: int | str = 80) -> dict[str, Any]:
    return {"service": {"name": service, "port": {"name": port} if isinstance(port, str) else {"number": port}}}


def path(text: str, service: str = "one", kind: str | None = "Prefix", *, port: int | str = 80) -> dict[str, Any]:
    """`kind` None leaves the type out."""
    found = {"path": text, "backend": backend(service, port)}
    return {**found, "pathType": kind} if kind is not None else found


def rule(host: str, *paths: dict[str, Any]) -> dict[str, Any]:
    """Without a host ("") it is for all others; without paths the host alone is there."""
    found: dict[str, Any] = {"http": {"paths": list(paths)}} if paths else {}
    return {**found, "host": host} if host else found


def ingress(
    name: str,
    *rules: dict[str, Any],
    notes: Mapping[str, str] | None = None,
    born: int = 0,
    namespace: str = "default",
    **spec: Any,
) -> str:
    """Of class nginx unless `ingressClassName` is given, None for none. `born`: so many days after the others."""
    named = {"ingressClassName": "nginx", **spec}
    return document(
        "networking.k8s.io/v1",
        "Ingress",
        name,
        namespace=namespace,
        annotations=notes or {},
        born=born,
        spec={key: value for key, value in {**named, "rules": list(rules)}.items() if value},
    )


def document(
    version: str,
    kind: str,
    name: str,
    *,
    namespace: str = "default",
    annotations: Mapping[str, str] | None = None,
    born: int = 0,
    **content: Any,
) -> str:
    """JSON, which is YAML, too."""
    created = (OLD + timedelta(days=born)).strftime("%Y-%m-%dT%H:%M:%SZ")
    meta = {"name": name, "namespace": namespace, "creationTimestamp": created, "annotations": dict(annotations or {})}
    return msgspec.json.encode({"apiVersion": version, "kind": kind, "metadata": meta, **content}).decode() + "\n"


def certificate(name: str, host: str, *more: str, days: float = 30) -> str:
    """A Secret with a certificate for the hosts that began a day ago, and lasts so many days."""
    return secret(name, *AUTHORITY.issue(host, *more, days=days))


def config_map(name: str, data: Mapping[str, str]) -> str:
    return document("v1", "ConfigMap", name, data=dict(data))
