"""The flags of `sallygate control`, which `sallygate run` takes as well and hands on. Standard library only.

One row per flag; what a text means is in `settings/control.py`. Names are those of ingress-nginx where it has the flag.
"""

from typing import Final, NamedTuple

ENVIRONMENT_PREFIX: Final = "SALLYGATE_"
BOOL: Final = "BOOL"


class Flag(NamedTuple):
    """`attribute` is the name in Python; `cluster`: it means something only where a cluster is watched."""

    attribute: str
    metavar: str
    help: str
    many: bool = False
    cluster: bool = False

    @property
    def flag(self) -> str:
        return f"--{self.attribute.replace('_', '-')}"

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.attribute.upper()


def _cluster(attribute: str, metavar: str, text: str) -> Flag:
    return Flag(attribute, metavar, text, cluster=True)


MAP: Final = Flag(
    "map",
    "NS/SERVICE[:PORT]=HOST:PORT",
    "the endpoint of a Service that has no EndpointSlice; may be repeated",
    many=True,
)
INGRESS: Final = (
    Flag("ingress_class", "NAME", "serve Ingresses of this class (default: nginx)"),
    Flag("ingress_class_by_name", BOOL, "serve the class of that name even if its spec.controller is another"),
    Flag(
        "controller_class",
        "NAME",
        "spec.controller of the IngressClass objects that are ours (default: k8s.io/ingress-nginx)",
    ),
    Flag("watch_ingress_without_class", BOOL, "serve Ingresses that name no class as well"),
    Flag("annotations_prefix", "PREFIX", "what annotation names begin with (default: nginx.ingress.kubernetes.io)"),
    Flag(
        "default_ssl_certificate",
        "NS/NAME",
        "Secret for hosts without a certificate of their own (default: a self-signed one)",
    ),
    Flag("disable_svc_external_name", BOOL, "answer 503 for Services of type ExternalName (default: true)"),
    Flag(
        "disable_catch_all", BOOL, "leave out what is for every host: rules without one, default backends without rules"
    ),
    Flag(
        "serve_without_snippets",
        BOOL,
        "serve although snippets of the ConfigMap, which never run, may keep requests out (default: false)",
    ),
    Flag("default_backend_service", "NS/NAME", "Service for requests that no rule takes (default: answer 404)"),
)
CLUSTER: Final = (
    _cluster("kubeconfig", "FILE", "access to the cluster (default: KUBECONFIG, ~/.kube/config, or the pod's account)"),
    _cluster("context", "NAME", "context of the kubeconfig (default: its current-context)"),
    _cluster("apiserver_host", "URL", "the API server, in place of the one that is described elsewhere"),
    _cluster("certificate_authority", "FILE", "CA of --apiserver-host, PEM"),
)
WATCH: Final = (
    _cluster("watch_namespace", "NAME", "serve the objects of one namespace only (default: of all)"),
    _cluster("watch_namespace_selector", "LABELS", "serve namespaces with these labels only, such as team=shop"),
    Flag("configmap", "NS/NAME", "ConfigMap with options of the gateway"),
    Flag("tcp_services_configmap", "NS/NAME", "ConfigMap with TCP ports (not supported yet: said per entry)"),
    Flag("udp_services_configmap", "NS/NAME", "ConfigMap with UDP ports (not supported yet: said per entry)"),
)
STATUS: Final = (
    _cluster("update_status", BOOL, "write addresses into the status of Ingresses (default: true)"),
    _cluster("update_status_on_shutdown", BOOL, "take them out again when the last replica ends (default: true)"),
    _cluster("publish_service", "NS/NAME", "Service whose addresses are written into status"),
    _cluster("publish_status_address", "ADDRESSES", "addresses for status, comma-separated, in place of a Service's"),
    _cluster("report_node_internal_ip_address", BOOL, "of nodes, write internal addresses into status"),
    _cluster("status_update_interval", "SECONDS", "how often status is compared (default: 60)"),
)
ELECTION: Final = (
    _cluster("election_id", "NAME", "name of the Lease of the leader (default: ingress-controller-leader)"),
    _cluster("election_ttl", "DURATION", "how long others wait for a silent leader (default: 15s)"),
    _cluster("disable_leader_election", BOOL, "nobody leads, and nothing is written to the cluster"),
)
FLAGS: Final = (*INGRESS, MAP, *CLUSTER, *WATCH, *STATUS, *ELECTION)
