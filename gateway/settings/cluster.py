"""Which cluster is watched, and how its API server is reached."""

from pathlib import Path

from msgspec import Struct


class ClusterSettings(Struct, frozen=True, kw_only=True):
    """The names are those of kubectl's and ingress-nginx's flags.

    Without any of them: the files in KUBECONFIG, then `~/.kube/config` if it exists, then the pod's service account.
    """

    kubeconfig: Path | None = None
    """`--kubeconfig`: this file and no other."""

    context: str | None = None
    """`--context`: a context of the kubeconfig, in place of its `current-context`."""

    apiserver_host: str | None = None
    """`--apiserver-host`: URL of the API server. Alone it stands for access without credentials, such as through
    `kubectl proxy`; with a kubeconfig, only the address of its cluster is replaced."""

    certificate_authority: Path | None = None
    """`--certificate-authority`: PEM file with the CA of `apiserver_host`. Without that it has no effect."""
