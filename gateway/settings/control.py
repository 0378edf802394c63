"""The settings of the control plane, and how they are put together."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from gateway.settings import election, values
from gateway.settings.cluster import ClusterSettings
from gateway.settings.durations import duration, seconds
from gateway.settings.election import ElectionSettings
from gateway.settings.flags import CLUSTER, ELECTION, ENVIRONMENT_PREFIX, FLAGS, INGRESS, MAP, STATUS, WATCH, Flag
from gateway.settings.legacy import Refusal, remarks
from gateway.settings.status import StatusSettings, status_addresses
from gateway.settings.values import ObjectName, ServiceMapping
from gateway.settings.watch import WatchSettings

Group = TypeVar("Group", bound=Struct)


class SettingsError(Exception):
    """Names the flag or variable, the value found there, and what would be right."""


class SourceSettings(Struct, frozen=True, kw_only=True):
    """Where objects come from."""

    paths: tuple[Path, ...] = ()
    """Files and folders of manifests, watched for changes. Without any, a cluster is watched."""

    maps: tuple[ServiceMapping, ...] = ()
    """Addresses that stand in for Services, as there are no pods on a laptop."""


class IngressSettings(Struct, frozen=True, kw_only=True):
    """Which Ingresses are ours, and their defaults. Names and defaults are those of ingress-nginx's flags."""

    ingress_class: str = "nginx"
    """Name of the class whose Ingresses are served."""

    controller_class: str = "k8s.io/ingress-nginx"
    """`spec.controller` of the IngressClass objects that are ours."""

    ingress_class_by_name: bool = False
    """Serve the class named `ingress_class` even if its `spec.controller` is another."""

    watch_ingress_without_class: bool = False
    """Serve Ingresses that name no class as well."""

    annotations_prefix: str = "nginx.ingress.kubernetes.io"
    """What the names of annotations begin with."""

    disable_svc_external_name: bool = True
    """Services of type ExternalName are not followed. ingress-nginx follows them by default, and whoever may write a
    Service can lead it to what only it can reach."""

    disable_catch_all: bool = False
    """Rules without a host, and default backends of Ingresses without rules, are not served."""

    serve_without_snippets: bool = False
    """Snippets of the ConfigMap never run. One that may keep requests out closes every route, unless this is set."""

    default_ssl_certificate: ObjectName | None = None
    """Secret with the certificate for hosts that have none of their own. Without it, a self-signed one is shown."""

    default_backend_service: ObjectName | None = None
    """Service for requests that no rule takes. Without it, the answer is 404."""


class PaceSettings(Struct, frozen=True, kw_only=True):
    """How changes are gathered. Not settable from outside: tests shorten them."""

    quiet: float = 0.02
    """Seconds without an event after which a burst counts as over."""

    hold: float = 0.25
    """Seconds after which a burst is published even if it goes on."""

    reading: float = 2.5
    """Seconds that a publication waits for Secrets that are referred to for the first time, at most: a little more than
    the source waits for one. An API server answers in milliseconds, and one that does not must not keep everything
    else from being served."""

    first_reading: float = 60.0
    """The same for the first publication, which may need thousands of them. After a restart the data plane serves its
    last good snapshot meanwhile, and one that lacks certificates would be worse."""


class ProcessSettings(Struct, frozen=True, kw_only=True):
    """The process and its neighbours."""

    state_dir: Path
    """Folder shared with the data plane; its socket is in there."""

    lifeline: int | None = None
    """Descriptor of a pipe whose end of file means that the supervisor is gone."""

    notify: int | None = None
    """Descriptor of a pipe on which the supervisor is told what happens, one JSON object per line."""


class ControlSettings(Struct, frozen=True, kw_only=True):
    process: ProcessSettings
    sources: SourceSettings = SourceSettings()
    cluster: ClusterSettings = ClusterSettings()
    watch: WatchSettings = WatchSettings()
    ingress: IngressSettings = IngressSettings()
    status: StatusSettings = StatusSettings()
    election: ElectionSettings = ElectionSettings()
    pace: PaceSettings = PaceSettings()
    remarks: tuple[str, ...] = ()
    """Lines about flags that were given and have no effect."""


def _election_ttl(text: str) -> float:
    return election.ttl(duration(text))


PARSERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "ingress_class_by_name": values.flag,
    "watch_ingress_without_class": values.flag,
    "disable_svc_external_name": values.flag,
    "disable_catch_all": values.flag,
    "serve_without_snippets": values.flag,
    "annotations_prefix": values.annotations_prefix,
    "default_ssl_certificate": values.object_name,
    "default_backend_service": values.object_name,
    "map": values.service_mapping,
    "kubeconfig": Path,
    "apiserver_host": values.server_url,
    "certificate_authority": Path,
    "watch_namespace": values.namespace,
    "watch_namespace_selector": values.label_selector,
    "configmap": values.object_name,
    "tcp_services_configmap": values.object_name,
    "udp_services_configmap": values.object_name,
    "update_status": values.flag,
    "update_status_on_shutdown": values.flag,
    "publish_service": values.object_name,
    "publish_status_address": status_addresses,
    "report_node_internal_ip_address": values.flag,
    "status_update_interval": seconds,
    "election_id": values.lease_name,
    "election_ttl": _election_ttl,
    "disable_leader_election": values.flag,
}
"""What is not here is taken as text."""


def load(given: Mapping[str, Any], environment: Mapping[str, str]) -> ControlSettings:
    """`given` holds texts as they are on the command line, None where a flag is not there."""
    state_dir = given.get("state_dir") or environment.get(f"{ENVIRONMENT_PREFIX}STATE_DIR")
    if not state_dir:
        raise SettingsError(
            f"--state-dir is missing; name the folder shared with the data plane, or set {ENVIRONMENT_PREFIX}STATE_DIR"
        )
    paths = tuple(Path(path) for path in given.get("paths") or ())
    if paths:
        _refuse_cluster_flags(given, paths)

    def group(kind: Group, rows: Sequence[Flag]) -> Group:
        found = {row.attribute: value for row in rows if (value := _value(row, given, environment)) is not None}
        return msgspec.structs.replace(kind, **found)

    try:
        said = tuple(remarks(given))
    except Refusal as refusal:
        raise SettingsError(str(refusal)) from refusal
    maps = _value(MAP, given, environment) or ()
    if maps and not paths:
        raise SettingsError("--map is for manifests in files; in a cluster, Services have EndpointSlices; remove it")
    settings = ControlSettings(
        process=ProcessSettings(state_dir=Path(state_dir), lifeline=given.get("lifeline"), notify=given.get("notify")),
        sources=SourceSettings(paths=paths, maps=maps),
        cluster=group(ClusterSettings(), CLUSTER),
        watch=group(WatchSettings(), WATCH),
        ingress=group(IngressSettings(), INGRESS),
        status=group(StatusSettings(), STATUS),
        election=group(ElectionSettings(), ELECTION),
        remarks=said,
    )
    if settings.watch.watch_namespace and settings.watch.watch_namespace_selector:
        raise SettingsError("--watch-namespace and --watch-namespace-selector exclude each other; give one of them")
    return settings


def _refuse_cluster_flags(given: Mapping[str, Any], paths: Sequence[Path]) -> None:
    """Files and a cluster at once would leave it open which of two definitions of an object counts."""
    wrong = next((row.flag for row in FLAGS if row.cluster and given.get(row.attribute)), None)
    if wrong is not None:
        raise SettingsError(
            f"{wrong} is about a cluster, and {paths[0]} is a PATH of manifests; give one or the other: without a PATH "
            "a cluster is watched"
        )


def _value(row: Flag, given: Mapping[str, Any], environment: Mapping[str, str]) -> Any:
    found = given.get(row.attribute)
    if found:
        texts = found if row.many else [found]
        parsed = [_parse(row, row.flag, one) for one in texts]
    elif environment.get(row.variable):
        value = environment[row.variable]
        parts = [part.strip() for part in value.split(",") if part.strip()] if row.many else [value]
        parsed = [_parse(row, row.variable, one) for one in parts]
    else:
        return None
    return tuple(parsed) if row.many else parsed[0]


def _parse(row: Flag, where: str, value: str) -> Any:
    try:
        return PARSERS.get(row.attribute, values.text)(value)
    except ValueError as error:
        raise SettingsError(f"{where} {value!r}: {error}") from error
