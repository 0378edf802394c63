"""Election, status and Events on a real API server, with no more rights than they need."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from gateway.base.clock import SystemClock
from gateway.kube.client import Client
from gateway.kube.population import Batch
from gateway.kube.reflector import Reflector
from gateway.kube.target import Target
from gateway.settings.cluster import ClusterSettings
from gateway.settings.election import ElectionSettings
from gateway.settings.status import StatusSettings
from gateway.settings.values import ObjectName
from gateway.status.ingresses import StoredIngresses
from gateway.status.spokesman import Identity, Spokesman, Surroundings
from gateway.store.events import Delete, Event, Upsert
from gateway.store.store import Store
from gateway.verdicts.verdict import ObjectRef, Severity, Verdict
from tests.cluster.fixtures import Space
from tests.cluster.manifests import pod, service

LEASE = "gate"
PATIENCE = 30.0  # seconds until what a test waits for must be so
POLL = 0.05
RULES = [
    {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": ["list", "watch"]},
    {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses/status"], "verbs": ["patch"]},
    {"apiGroups": [""], "resources": ["services"], "verbs": ["list", "watch"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "resourceNames": [LEASE],
        "verbs": ["get", "update"],
    },
]


def account(space: Space, name: str, rules: list[dict[str, Any]], folder: Path) -> Path:
    """A kubeconfig for a new service account with these rights in the namespace."""
    group = "rbac.authorization.k8s.io"
    space.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}},
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": {"name": name}, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": space.name}],
        },
    )
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = space.api.request("POST", f"{space.path('serviceaccounts', name)}/token", asked)["status"]["token"]
    authority = str(space.api.pki / "ca.crt")
    config = {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it", "namespace": space.name}}],
        "clusters": [
            {"name": "it", "cluster": {"server": f"https://{space.api.node}", "certificate-authority": authority}}
        ],
        "users": [{"name": "it", "user": {"token": token}}],
    }
    path = folder / name
    path.write_text(yaml.safe_dump(config))
    return path


class Replica:
    """As the control process puts it together, with the translation left out: every Ingress is served and faulty."""

    def __init__(self, client: Client, space: Space, name: str) -> None:
        self.lines: list[str] = []
        self._space = space
        self._client = client
        self._store = Store()
        self._tasks: list[asyncio.Task[None]] = []
        self.spokesman = Spokesman(
            client,
            Identity(space.name, name, f"{random.getrandbits(64):x}"),
            StatusSettings(publish_service=ObjectName(space.name, "gate")),
            ElectionSettings(election_id=LEASE, election_ttl=3.0),
            ingresses=StoredIngresses(self._store, self._names),
            uid_of=self._uid,
            around=Surroundings(SystemClock(), lambda: datetime.now(UTC), random.random, self.lines.append),
        )

    def start(self) -> None:
        reflector = Reflector(
            self._client,
            Target("Ingress", self._space.name),
            tell=self._hear,
            synced=lambda: None,
            health=lambda _: None,
            say=self.lines.append,
        )
        self._tasks = [asyncio.create_task(one) for one in (reflector.run(), self.spokesman.run())]

    async def kill(self) -> None:
        """Without a word to anybody."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _names(self) -> list[tuple[str, str]]:
        return [(one.metadata.namespace, one.metadata.name) for one in self._store.ingresses()]

    def _uid(self, subject: ObjectRef) -> str:
        found = self._store.ingress(subject.namespace, subject.name)
        return found.metadata.uid if found else ""

    def _hear(self, batch: Batch) -> None:
        events: list[Event] = [Upsert(key, value) for key, value in batch.upserts.items()]
        events += [Delete(key) for key in batch.deletes]
        self._store.apply(events)
        self.spokesman.offered(b"root", dict.fromkeys(self._names(), True))
        self.spokesman.accepted(b"root")
        self.spokesman.judged(lambda: map(_broken, self._names()))
        self.spokesman.changed()


def _broken(name: tuple[str, str]) -> Verdict:
    subject = ObjectRef("Ingress", *name)
    return Verdict("GW240", Severity.ERROR, subject, "spec", "", "no such Service", "create it")


@contextlib.asynccontextmanager
async def replicas(space: Space, config: Path, *names: str) -> AsyncIterator[list[Replica]]:
    async with contextlib.AsyncExitStack() as stack:
        found = []
        for name in names:
            client = await Client.connect(ClusterSettings(kubeconfig=config))
            stack.push_async_callback(client.close)
            found.append(Replica(client, space, name))
            stack.push_async_callback(found[-1].kill)
        yield found


async def until(what: str, true: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while not true():
        assert loop.time() < end, what
        await asyncio.sleep(POLL)


def ingress(space: Space, name: str) -> None:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    spec = {"ingressClassName": "nginx", "defaultBackend": backend}
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}
    space.apply({**kind, "metadata": {"name": name}, "spec": spec})


def addresses(space: Space, name: str) -> list[dict[str, str]]:
    status = space.api.get(space.path("networking.k8s.io/v1/ingresses", name))["status"]
    found: list[dict[str, str]] = status["loadBalancer"].get("ingress", [])
    return found


def lease(space: Space) -> dict[str, Any]:
    spec: dict[str, Any] = space.api.get(space.path("coordination.k8s.io/v1/leases", LEASE))["spec"]
    return spec


async def test_one_leads_and_writes_and_another_takes_over(space: Space, tmp_path: Path) -> None:
    space.apply(service("gate", type="LoadBalancer"))
    ours = [{"ip": space.balanced("gate")}]
    ingress(space, "shop")
    async with replicas(space, account(space, "gate", RULES, tmp_path), "gate-0", "gate-1") as (first, second):
        first.start()
        await until("the address", lambda: addresses(space, "shop") == ours)
        await until("the Event", lambda: space.items("events"))
        second.start()
        (event,) = [one for one in space.items("events") if one["source"].get("component") == "sallygate"]
        assert (event["reason"], event["count"], event["involvedObject"]["name"]) == ("GW240", 1, "shop")
        assert lease(space)["leaseTransitions"] == 0
        assert lease(space)["holderIdentity"].startswith("gate-0_")
        ingress(space, "blog")
        await until("the second address", lambda: addresses(space, "blog") == ours)

        await first.kill()
        await until("the next leader", second.spokesman.leading)
        assert lease(space)["holderIdentity"].startswith("gate-1_")
        assert lease(space)["leaseTransitions"] == 1
        path = f"{space.path('networking.k8s.io/v1/ingresses', 'shop')}/status"
        space.api.request("PATCH", path, {"status": {"loadBalancer": None}}, "application/merge-patch+json")
        await until("the address again", lambda: addresses(space, "shop") == ours)
        events = [one for one in space.items("events") if one["source"].get("component") == "sallygate"]
        assert sorted((one["involvedObject"]["name"], one["count"]) for one in events) == [("blog", 1), ("shop", 1)]

        space.apply(pod("gate-1"))
        await until("nothing to see", lambda: second.spokesman.reporter.writes == 1)
        await second.kill()
        await second.spokesman.end()
        assert addresses(space, "shop") == addresses(space, "blog") == []
        assert lease(space).get("holderIdentity", "") == ""
        assert [line for line in first.lines + second.lines if "not allowed" in line or "internal" in line] == []


async def test_missing_rights_are_named(space: Space, tmp_path: Path) -> None:
    rules = [rule for rule in RULES if rule["resources"] not in (["ingresses/status"], ["events"])]
    space.apply(service("gate", type="LoadBalancer"))
    space.balanced("gate")
    ingress(space, "shop")
    async with replicas(space, account(space, "poor", rules, tmp_path), "gate-0") as (only,):
        only.start()
        await until("two denials", lambda: sum("not allowed" in line for line in only.lines) == 2)
        said = "\n".join(only.lines)
        assert "not allowed to patch ingresses/status" in said
        assert f"not allowed to create events in namespace {space.name}" in said
    async with replicas(space, account(space, "none", [], tmp_path), "gate-0") as (none,):
        none.start()
        await until("the denial", lambda: any("not allowed to get leases" in line for line in none.lines))
        assert not none.spokesman.leading()
