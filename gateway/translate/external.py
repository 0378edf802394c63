"""A Service of type ExternalName, or a name in a URL → the addresses behind it. Must not know how names are resolved.

Services of this type are off unless the operator wants them: whoever may write one could lead the gateway to what only
the gateway can reach, and read it. A URL is only asked whether requests may pass, and of its answer no body gets
anywhere; so names in URLs are followed. Addresses of the machine itself and of its link (a cloud's metadata server is
one) are never followed, whatever name leads to them: ingress-nginx compares the name only.
"""

from ipaddress import IPv6Address, ip_address

from gateway.ir.backend import Endpoint
from gateway.ir.ids import BackendId
from gateway.objects.core import Service
from gateway.store.view import View
from gateway.translate.names import host_problem
from gateway.translate.ports import find_port, is_port, tcp_ports
from gateway.translate.remark import Remark
from gateway.translate.rules import Rules
from gateway.verdicts import reasons, reasons_filters

External = tuple[tuple[Endpoint, ...], Remark | None, str]
"""Endpoints, what there is to say, and the name that was followed, empty if none was."""


def build_external(view: View, rules: Rules, identity: BackendId, service: Service) -> External:
    """Without a usable address there are no endpoints, and the backend answers 503."""
    written = service.spec.external_name
    shown = reasons.readable(written)
    if not rules.external_names:
        fix = (
            "use a Service with endpoints, or start with --disable-svc-external-name=false if you trust everybody who "
            "may write a Service"
        )
        return (), _remark(identity, f"the Service leads to the name {shown!r}, and names are not followed", fix), ""
    host = written.lower().removesuffix(".")
    if not host or "*" in host or host_problem(host) is not None:
        text = f"its externalName {shown!r} is not a DNS name"
        return (), _remark(identity, text, "write a name; for addresses, write EndpointSlices"), ""
    port = _port(service, identity)
    if port is None:
        known = ", ".join(str(one.port) for one in tcp_ports(service))
        text = f"Service {identity.service} has no TCP port {identity.port}"
        fix = f"its ports are: {known}" if known else "write the number of a port: a Service without ports names none"
        return (), Remark(reasons.PORT_MISSING, "port", identity.port, text, fix), ""
    found = view.resolved(host)
    if found is None:
        return (), _remark(identity, f"the name {host} has not been resolved yet", "it is tried again"), host
    allowed = [address for address in found.addresses if _is_allowed(address)]
    if allowed:
        remark = None
        if found.problem:
            text = f"the name {host}: {found.problem}; the addresses that it had before are used on"
            remark = Remark(reasons.NAME_STALE, "name", identity.service, text, "look at the DNS of the cluster")
        return tuple(sorted({Endpoint(address, port) for address in allowed})), remark, host
    if found.addresses:
        text = f"the name {host} leads to {found.addresses[0]}, which is no address of another machine"
        return (), _remark(identity, text, "lead it to an address beyond the gateway's own machine and link"), host
    return (), _remark(identity, f"the name {host}: {found.problem}", "correct the name; it is tried again"), host


def build_named(view: View, identity: BackendId) -> External:
    """A machine that a URL names, which `identity` holds without a namespace."""
    host, port = identity.service, int(identity.port)
    if _is_address(host):
        if _is_allowed(host):
            return (Endpoint(host, port),), None, ""
        text = f"{host} is no address of another machine"
        return (), _nobody(identity, text, "write an address beyond the gateway's own machine and link"), ""
    found = view.resolved(host)
    if found is None:
        return (), _nobody(identity, f"the name {host} has not been resolved yet", "it is tried again"), host
    allowed = [address for address in found.addresses if _is_allowed(address)]
    if allowed:
        remark = None
        if found.problem:
            text = f"the name {host}: {found.problem}; the addresses that it had before are used on"
            remark = Remark(reasons.NAME_STALE, "name", host, text, "look at the DNS of the cluster")
        return tuple(sorted({Endpoint(address, port) for address in allowed})), remark, host
    if found.addresses:
        text = f"the name {host} leads to {found.addresses[0]}, which is no address of another machine"
        return (), _nobody(identity, text, "lead it to an address beyond the gateway's own machine and link"), host
    return (), _nobody(identity, f"the name {host}: {found.problem}", "correct the name; it is tried again"), host


def _nobody(identity: BackendId, text: str, fix: str) -> Remark:
    text = f"{text}; requests that it is to be asked about are answered 500, copies for it are dropped"
    return Remark(reasons_filters.NOBODY_TO_ASK, "name", identity.service, text, fix)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _port(service: Service, identity: BackendId) -> int | None:
    """A Service of this type needs no ports: then the number in the Ingress is the one."""
    found = find_port(service, identity.port)
    if found is not None:
        number = found.target_port if isinstance(found.target_port, int) and found.target_port else found.port
        return number if is_port(number) else None
    if service.spec.ports or not identity.port.isdecimal():
        return None
    return int(identity.port) if is_port(int(identity.port)) else None


def _is_allowed(text: str) -> bool:
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return not (address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast)


def _remark(identity: BackendId, text: str, fix: str) -> Remark:
    return Remark(reasons.EXTERNAL_NAME, "name", identity.service, text, fix)
