"""Writes to the API server over connections that stay open, many at a time. JSON in, JSON out."""

import asyncio
import ssl
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import orjson

from bench.child import BenchError
from bench.cluster.objects import Object

AT_ONCE: Final = 48  # writes in flight while the cluster is filled
SECONDS: Final = 60.0
MERGE: Final = "application/merge-patch+json"

PLURALS: Final = {
    "Namespace": ("", "namespaces"),
    "ServiceAccount": ("", "serviceaccounts"),
    "Service": ("", "services"),
    "Secret": ("", "secrets"),
    "Ingress": ("networking.k8s.io/", "ingresses"),
    "IngressClass": ("networking.k8s.io/", "ingressclasses"),
    "EndpointSlice": ("discovery.k8s.io/", "endpointslices"),
    "ClusterRole": ("rbac.authorization.k8s.io/", "clusterroles"),
    "ClusterRoleBinding": ("rbac.authorization.k8s.io/", "clusterrolebindings"),
}


def path_of(thing: Object, *, named: bool) -> str:
    group, plural = PLURALS[thing["kind"]]
    metadata = thing["metadata"]
    root = f"/apis/{group}v1" if group else "/api/v1"
    inside = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{root}{inside}/{plural}" + (f"/{metadata['name']}" if named else "")


class Writer:
    """As the administrator. Every refusal ends the benchmark, but for what is there, or gone, already."""

    def __init__(self, server: str, pki: Path) -> None:
        tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self._server = server
        self._connector = aiohttp.TCPConnector(ssl=tls, limit=AT_ONCE)
        self._session = aiohttp.ClientSession(
            connector=self._connector, timeout=aiohttp.ClientTimeout(total=SECONDS), headers={"User-Agent": "bench"}
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def create(self, thing: Object) -> Any:
        return await self.send("POST", path_of(thing, named=False), thing, beside=HTTPStatus.CONFLICT)

    async def patch(self, thing: Object, change: Object) -> Any:
        """A merge patch of the object that `thing` names."""
        return await self.send("PATCH", path_of(thing, named=True), change, content_type=MERGE)

    async def delete(self, thing: Object) -> Any:
        return await self.send("DELETE", path_of(thing, named=True), None, beside=HTTPStatus.NOT_FOUND)

    async def get(self, thing: Object) -> Any:
        """None if it is not there."""
        found = await self.send("GET", path_of(thing, named=True), None, beside=HTTPStatus.NOT_FOUND)
        return None if found.get("kind") == "Status" else found

    async def send(
        self,
        method: str,
        path: str,
        body: Object | None,
        *,
        content_type: str = "application/json",
        beside: HTTPStatus | None = None,
    ) -> Any:
        headers = {"Content-Type": content_type} if body is not None else {}
        data = orjson.dumps(body) if body is not None else None
        async with self._session.request(method, self._server + path, data=data, headers=headers) as answer:
            text = await answer.read()
        if answer.status >= HTTPStatus.BAD_REQUEST and answer.status != beside:
            raise BenchError(f"the API server answers {method} {path} with {answer.status}: {text[:300].decode()}")
        return orjson.loads(text)

    async def create_all(self, things: Iterable[Object]) -> None:
        await self._all(things, self.create)

    async def patch_all(self, things: Iterable[tuple[Object, Object]]) -> None:
        await self._all(things, lambda pair: self.patch(*pair))

    async def _all(self, things: Iterable[Any], action: Any) -> None:
        queue: Iterator[Any] = iter(things)

        async def work() -> None:
            for thing in queue:
                await action(thing)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(work())
