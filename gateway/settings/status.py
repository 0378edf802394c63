"""What the cluster is told about what is served: addresses in the status of objects, and Events."""

import re
from ipaddress import ip_address
from typing import Final

from msgspec import Struct

from gateway.settings.values import ObjectName

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class StatusSettings(Struct, frozen=True, kw_only=True):
    """The names are those of ingress-nginx's flags. The address is the first of: `publish_status_address`, the Service
    of `publish_service`, the nodes that our pods run on.
    """

    update_status: bool = True
    """`--update-status`: whether the leader writes status at all."""

    update_status_on_shutdown: bool = True
    """`--update-status-on-shutdown`: the last replica takes its addresses out of status when it ends."""

    publish_service: ObjectName | None = None
    """`--publish-service`: the Service that leads to us from outside."""

    publish_status_address: tuple[str, ...] = ()
    """`--publish-status-address`: IP addresses and host names, comma-separated."""

    report_node_internal_ip_address: bool = False
    """`--report-node-internal-ip-address`: of a node, its internal address even if it has an external one."""

    status_update_interval: float = 60.0
    """`--status-update-interval`, seconds: how often status is compared even if nothing was heard of a change."""

    clear_unserved: bool = True
    """Take our addresses out of an Ingress that was served here and is not any more, such as after a change of class.
    ingress-nginx leaves them there, which keeps DNS records alive that lead to a 404."""

    events: bool = True
    """Whether the leader writes an Event on an object for what its owner must know."""


class StatusPace(Struct, frozen=True, kw_only=True):
    """Bounds on what is written. Not settable from outside: tests change some."""

    concurrency: int = 10  # writes at a time, as in ingress-nginx: a new address of 5,000 Ingresses is no burst
    per_second: float = 50.0  # writes; an API server does this for a minute and half without others noticing
    burst: int = 50
    attempts: int = 4  # for one object that others change at the same time; the next round tries again
    settle: float = 0.5  # seconds from a reason to look until we do, so that a burst of reasons is one look
    retry_first: float = 1.0  # after a round that the API server did not take
    retry_longest: float = 60.0
    shutdown: float = (
        15.0  # for taking addresses out at the end; a pod has 30 s by default, and the Lease takes up to 10
    )


def status_addresses(value: str) -> tuple[str, ...]:
    """`1.2.3.4, lb.example.com` → its parts, each once. Raises ValueError."""
    parts = [part.strip() for part in value.split(",")]
    return tuple(dict.fromkeys(_address(part) for part in parts if part))


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        pass
    name = text.lower()
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(f"{text!r} is neither an IP address nor a host name")
    if name.rpartition(".")[2].isdigit():
        raise ValueError(f"{text!r} is not an IP address; write all four numbers from 0 to 255")
    return name
