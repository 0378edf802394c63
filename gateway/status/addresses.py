"""Where clients reach us, worked out from what the cluster says. Pure.

An address is what stands in `status.loadBalancer.ingress` of an Ingress. Rules are those of ingress-nginx, with two
differences: ports of a load balancer are passed on, and `externalIPs` count for a ClusterIP Service, too.
"""

from collections.abc import Iterable
from ipaddress import ip_address

from msgspec import Struct

from gateway.objects.core import Service
from gateway.objects.ingress import IngressLoadBalancerIngress as Address
from gateway.objects.ingress import IngressPortStatus

Addresses = tuple[Address, ...]


class NodeAddress(Struct, frozen=True, gc=False):
    type: str
    address: str


def of_texts(texts: Iterable[str]) -> Addresses:
    """IP addresses and host names, such as from `--publish-status-address`."""
    return ordered(_address(text) for text in texts)


def of_service(service: Service) -> Addresses:
    """Empty while a load balancer has none yet, and for a headless Service without `externalIPs`."""
    spec = service.spec
    external = [Address(ip=ip) for ip in spec.external_ips]
    if spec.type == "ExternalName":
        return ordered([_address(spec.external_name)] if spec.external_name else ())
    if spec.type == "LoadBalancer":
        found = [
            Address(
                one.ip,
                "" if one.ip else one.hostname,
                tuple(IngressPortStatus(port.port, port.protocol, port.error) for port in one.ports),
            )
            for one in service.status.load_balancer.ingress
        ]
        known = {one.ip for one in found}
        return ordered([*found, *(one for one in external if one.ip not in known)])
    if external:
        return ordered(external)
    return ordered([Address(ip=spec.cluster_ip)] if spec.cluster_ip not in ("", "None") else ())


def of_nodes(nodes: Iterable[Iterable[NodeAddress]], *, internal: bool) -> Addresses:
    """Of each node its external address, or its internal one if that is wanted or there is no other."""
    found = []
    for node in nodes:
        by_type: dict[str, str] = {}
        for one in node:
            by_type.setdefault(one.type, one.address)
        inside, outside = by_type.get("InternalIP", ""), by_type.get("ExternalIP", "")
        if address := inside if internal else outside or inside:
            found.append(_address(address))
    return ordered(found)


def ordered(addresses: Iterable[Address]) -> Addresses:
    """Each once, by host name and IP, so that equal sets are written alike."""
    found = {(one.hostname, one.ip): one for one in addresses if one.hostname or one.ip}
    return tuple(found[key] for key in sorted(found))


def same(left: Addresses, right: Addresses) -> bool:
    """Whatever the order of addresses and of their ports."""
    return left == right or _substance(left) == _substance(right)


def _substance(addresses: Addresses) -> list[tuple[str, str, list[tuple[int, str, str]]]]:
    return sorted(
        (one.hostname, one.ip, sorted((port.port, port.protocol, port.error or "") for port in one.ports))
        for one in addresses
    )


def _address(text: str) -> Address:
    try:
        ip_address(text)
    except ValueError:
        return Address(hostname=text)
    return Address(ip=text)
