"""The cluster that the suite makes its objects in, through the official client: it must not need anything of a gateway.

Objects are dictionaries as in manifests. Every name that a scenario makes lies in a namespace of its own, which is
deleted with all that is in it.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kubernetes
import orjson

Object = Mapping[str, Any]

PATHS = {
    "Namespace": "/api/v1/namespaces",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "Secret": "/api/v1/namespaces/{namespace}/secrets",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses",
    "IngressClass": "/apis/networking.k8s.io/v1/ingressclasses",
}
PAUSE = 0.05  # seconds between two looks at something that is waited for


SECONDS = 30.0  # for the API server to answer


class RefusedError(AssertionError):
    """The API server said no."""


class LateError(AssertionError):
    """Something did not come in time."""


def until(what: str, seconds: float, look: Callable[[], Any]) -> Any:
    """What `look` gives as soon as it gives anything."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise LateError(f"{what}: not within {seconds:g} s")
        time.sleep(PAUSE)


class Cluster:
    def __init__(self, kubeconfig: Path | None, context: str | None) -> None:
        connect: Any = kubernetes.config.new_client_from_config  # it has no types
        self._api = connect(config_file=None if kubeconfig is None else str(kubeconfig), context=context)

    def close(self) -> None:
        self._api.close()

    def create(self, value: Object) -> Object:
        found: Object = self._call("POST", self._path(value["kind"], value["metadata"].get("namespace", "")), value)
        return found

    def read(self, kind: str, namespace: str, name: str) -> Object:
        found: Object = self._call("GET", f"{self._path(kind, namespace)}/{name}")
        return found

    def all(self, kind: str, namespace: str, selector: str = "") -> list[Object]:
        query = [("labelSelector", selector)] if selector else []
        found: list[Object] = self._call("GET", self._path(kind, namespace), query=query)["items"]
        return found

    def patch(self, kind: str, namespace: str, name: str, value: Object) -> Object:
        found: Object = self._call("PATCH", f"{self._path(kind, namespace)}/{name}", value)
        return found

    def delete(self, kind: str, namespace: str, name: str) -> None:
        self._call("DELETE", f"{self._path(kind, namespace)}/{name}")

    @contextmanager
    def namespace(self) -> Iterator[str]:
        """A new one, gone afterwards (its contents a little later: nobody waits for that)."""
        name = f"conformance-{uuid.uuid4().hex[:10]}"
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        try:
            yield name
        finally:
            self.delete("Namespace", "", name)

    @staticmethod
    def _path(kind: str, namespace: str) -> str:
        return PATHS[kind].format(namespace=namespace)

    def _call(
        self, method: str, path: str, body: Object | None = None, query: list[tuple[str, str]] | None = None
    ) -> Any:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        request = self._api.param_serialize(
            method,
            path,
            query_params=query or [],
            header_params={"Accept": "application/json", "Content-Type": kind},
            body=body,
            auth_settings=["BearerToken"],
        )
        answer = self._api.call_api(*request, _request_timeout=SECONDS)
        text = answer.read()
        if not 200 <= answer.status < 300:
            raise RefusedError(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")
        return orjson.loads(text)
