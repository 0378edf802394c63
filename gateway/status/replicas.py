"""The pods that do the same as ours. They are found by our own pod's labels, as ingress-nginx does."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from gateway.kube.api import Reads
from gateway.kube.errors import ApiError, Garbled, Unreachable
from gateway.kube.resources import path_of
from gateway.objects.meta import Metadata

REQUEST_SECONDS: Final = 10.0
# Labels that differ between pods of one workload, or between its revisions.
OWN_LABELS: Final = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "controller-revision-hash",
        "pod-template-generation",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)


class PodMeta(Metadata, frozen=True, rename="camel"):
    deletion_timestamp: str | None = None


class PodSpec(Struct, frozen=True, rename="camel"):
    node_name: str = ""


class PodCondition(Struct, frozen=True):
    type: str
    status: str


class PodStatus(Struct, frozen=True):
    phase: str = ""
    conditions: tuple[PodCondition, ...] = ()


class Pod(Struct, frozen=True):
    metadata: PodMeta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def ready(self) -> bool:
        """Running, and passed its readiness probe."""
        conditions = {one.type: one.status for one in self.status.conditions}
        return self.status.phase == "Running" and conditions.get("Ready") == "True"

    @property
    def stays(self) -> bool:
        """Serves, or will: neither ended nor asked to end."""
        return self.metadata.deletion_timestamp is None and self.status.phase in ("Pending", "Running")


class _Pods(Struct, frozen=True):
    items: tuple[Pod, ...] = ()


_PODS: Final = msgspec.json.Decoder(_Pods)


class Replicas:
    """`pod` is the name of ours (POD_NAME), empty where we do not run in one."""

    def __init__(self, client: Reads, namespace: str, pod: str) -> None:
        self._client = client
        self.namespace = namespace
        self._pod = pod
        self._selector: str | None = None

    async def pods(self) -> tuple[Pod, ...]:
        """All of them, ours as well. Raises ApiError, Unreachable, Garbled; none where we do not run in a pod."""
        if not self._pod:
            return ()
        if self._selector is None:
            own = await self._list({"fieldSelector": f"metadata.name={self._pod}"})
            labels = own[0].metadata.labels if own else {}
            found = ",".join(f"{name}={value}" for name, value in sorted(labels.items()) if name not in OWN_LABELS)
            if not found:
                return own
            self._selector = found
        return await self._list({"labelSelector": self._selector})

    async def alone(self) -> bool | None:
        """Is no other left? None if that cannot be found out. Outside of a pod we are alone."""
        if not self._pod:
            return True
        try:
            pods = await self.pods()
        except (ApiError, Unreachable, Garbled):
            return None
        if not any(pod.metadata.name == self._pod for pod in pods):
            return None  # whatever these are, they are not our replicas
        return not any(pod.stays for pod in pods if pod.metadata.name != self._pod)

    async def _list(self, query: Mapping[str, str]) -> tuple[Pod, ...]:
        body = await self._client.get(path_of("Pod", self.namespace), query, timeout=REQUEST_SECONDS)
        try:
            return _PODS.decode(body).items
        except msgspec.MsgspecError as error:
            raise Garbled(f"what came is no list of pods: {error}") from error
