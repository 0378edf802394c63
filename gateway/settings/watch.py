"""What is watched in a cluster."""

from msgspec import Struct

from gateway.settings.values import ObjectName


class WatchSettings(Struct, frozen=True, kw_only=True):
    """The names are those of ingress-nginx's flags. Without any of them, everything is watched in all namespaces."""

    watch_namespace: str = ""
    """`--watch-namespace`: this namespace alone. Rights in it suffice then."""

    watch_namespace_selector: str = ""
    """`--watch-namespace-selector`: only namespaces with these labels, as they are at each moment."""

    configmap: ObjectName | None = None
    """`--configmap`: options of the gateway."""

    tcp_services_configmap: ObjectName | None = None
    """`--tcp-services-configmap`."""

    udp_services_configmap: ObjectName | None = None
    """`--udp-services-configmap`."""


class WatchPace(Struct, frozen=True, kw_only=True):
    """Bounds on how a cluster is watched. Not settable from outside: tests change some."""

    patience: float = 2.0  # seconds that a Secret which is newly referred to is waited for, once it is being read
    readers: int = 32  # Secrets that are read for the first time at once: thousands are no burst for the API server
    openings: float = 50.0  # watches of Secrets begun per second: each is a TLS handshake, which delays what we serve
    opened_at_once: int = 20  # before that pace is kept
    watches: int = 256  # Secrets watched at once: each is a TLS connection of 0.3 MB, and a load for the API server
    turn: float = 20.0  # seconds that a watch stays, at least, when there are more Secrets than that; they take turns
    remind: float = 300.0  # seconds between two lines about an API server that cannot be reached
