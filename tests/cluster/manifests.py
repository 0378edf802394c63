"""Manifests that tests on the cluster start from."""

from typing import Any

from tests.cluster.api import Object

PORT = 3000  # of the echo server
FIELDS = {"POD_NAME": "metadata.name", "NAMESPACE": "metadata.namespace"}

# What a careful chart asks for.
RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}


def echo(**more: Any) -> Object:
    """Return an echo server that knows its pod's name and namespace, and is ready when it says so."""
    variables = [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in FIELDS.items()]
    probe = {
        "httpGet": {"path": "/health", "port": PORT},
        "periodSeconds": 1,
        "timeoutSeconds": 10,
        "failureThreshold": 1,
    }
    return {"name": "main", "image": "echo", "env": variables, "readinessProbe": probe, **more}


def shell(script: str, name: str = "main", **more: Any) -> Object:
    """Return a container that runs a script."""
    return {"name": name, "image": "shell", "args": ["-c", script], **more}


def pod(name: str, *containers: Object, **spec: Any) -> Object:
    """Return a pod labelled app=NAME, with an echo server if nothing else is named."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 5, "containers": list(containers) or [echo()], **spec},
    }


def deployment(name: str, replicas: int, *containers: Object, **spec: Any) -> Object:
    """Return a Deployment of such pods that never has fewer than it should."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod(name, *containers, **spec)["spec"]},
        },
    }


def service(name: str, **spec: Any) -> Object:
    """Return a Service that brings port 80 to the echo servers with app=NAME."""
    ports = [{"name": "http", "port": 80, "targetPort": PORT}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": ports, **spec},
    }
