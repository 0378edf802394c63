"""A small client of the test cluster's API server: JSON in, JSON out, any kind of object.

The gateway has a client of its own; what tests it must not share its faults.
"""

import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

TIMEOUT = 30.0

Object = dict[str, Any]


class ApiError(Exception):
    """The API server refused; `status` is the HTTP status, the message what it said."""

    def __init__(self, status: int, reason: str, text: str) -> None:
        super().__init__(f"{status} {reason}: {text}")
        self.status = status
        self.reason = reason


class Api:
    """Requests as the administrator, or with a token as somebody else."""

    def __init__(self, node: str, pki: Path, *, token: str = "") -> None:
        self.node = node
        self.pki = pki
        self._token = token
        self._tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        if not token:
            self._tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self._resources: dict[tuple[str, str], tuple[str, bool]] = {}

    def as_token(self, token: str) -> "Api":
        """Return a client for whoever has this token."""
        return Api(self.node, self.pki, token=token)

    def request(self, method: str, path: str, body: object = None, kind: str = "application/json") -> Any:
        """Do one request. Raises ApiError for any answer but success."""
        connection = self._connect()
        try:
            self._send(connection, method, path, body, kind)
            response = connection.getresponse()
            return _decoded(response, response.read().decode())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def text(self, path: str) -> str:
        """Return an answer that is not JSON: a log, say."""
        found = self.get(path)
        return found if isinstance(found, str) else json.dumps(found)

    def apply(self, *manifests: str | Object, namespace: str = "default") -> list[Object]:
        """Apply objects, or YAML with any number of them, on the server's side; return them as they are stored."""
        return [
            self.request(
                "PATCH",
                f"{self.path(each, namespace)}?{urlencode({'fieldManager': 'tests', 'force': 'true'})}",
                each,
                "application/apply-patch+yaml",
            )
            for each in _objects(manifests)
        ]

    def delete(self, *manifests: str | Object, namespace: str = "default") -> None:
        """Delete objects; they may be gone already."""
        for each in _objects(manifests):
            try:
                self.request("DELETE", self.path(each, namespace))
            except ApiError as error:
                if error.status != http.client.NOT_FOUND:
                    raise

    def watch(self, path: str, version: str, seconds: int) -> Iterator[Object]:
        """Yield the events of a collection after a resourceVersion, for so many seconds at most."""
        connection = self._connect()
        try:
            query = urlencode({"watch": "true", "resourceVersion": version, "timeoutSeconds": seconds})
            self._send(connection, "GET", f"{path}?{query}", None, "")
            response = connection.getresponse()
            if response.status != http.client.OK:
                _decoded(response, response.read().decode())
            for line in response:
                yield json.loads(line)
        finally:
            connection.close()

    def path(self, thing: Object, namespace: str) -> str:
        """Return the path of an object. Its own namespace wins; `namespace` is for those without."""
        version, kind, metadata = thing["apiVersion"], thing["kind"], thing["metadata"]
        plural, namespaced = self._resource(version, kind)
        root = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        inside = f"/namespaces/{metadata.get('namespace', namespace)}" if namespaced else ""
        return f"{root}{inside}/{plural}/{metadata['name']}"

    def _resource(self, version: str, kind: str) -> tuple[str, bool]:
        if (version, kind) not in self._resources:
            root = f"/api/{version}" if "/" not in version else f"/apis/{version}"
            for row in self.get(root)["resources"]:
                if "/" not in row["name"]:
                    self._resources[version, row["kind"]] = row["name"], row["namespaced"]
        return self._resources[version, kind]

    def _connect(self) -> http.client.HTTPSConnection:
        host, _, port = self.node.partition(":")
        return http.client.HTTPSConnection(host, int(port), context=self._tls, timeout=TIMEOUT)

    def _send(self, connection: http.client.HTTPSConnection, method: str, path: str, body: object, kind: str) -> None:
        headers = {"Accept": "application/json, */*", "User-Agent": "sallygate-tests"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            headers["Content-Type"] = kind
        connection.request(method, path, None if body is None else json.dumps(body), headers)


def _objects(manifests: tuple[str | Object, ...]) -> Iterator[Object]:
    for each in manifests:
        if isinstance(each, str):
            yield from (found for found in yaml.safe_load_all(each) if found)
        else:
            yield each


def _decoded(response: http.client.HTTPResponse, text: str) -> Any:
    if response.status >= http.client.BAD_REQUEST:
        try:
            said = json.loads(text)
        except ValueError:
            said = {"message": text}
        raise ApiError(response.status, said.get("reason", response.reason), said.get("message", text))
    return json.loads(text) if response.headers.get_content_type() == "application/json" else text
