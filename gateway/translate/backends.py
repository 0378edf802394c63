"""A Service, its slices and its map entry → one backend. Must not know who refers to it.

Endpoints that are ready get requests. If none is, those that end but still serve do, as kube-proxy does it and
ingress-nginx does not: the last pod of a rollout answers better than a 503. Of a Service with two address families, the
first is used while it has such an endpoint: every pod counts once, and the network may not even carry the other one.
Zones and their hints have no effect yet.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Final, NamedTuple

from msgspec import Struct

from gateway.ir.backend import Backend, Endpoint
from gateway.ir.ids import BackendId
from gateway.objects.core import EndpointSlice, Service, ServicePort
from gateway.store.view import View
from gateway.translate.external import build_external, build_named
from gateway.translate.limits import ENDPOINTS_PER_BACKEND
from gateway.translate.ports import find_port, is_port, tcp_ports
from gateway.translate.remark import Remark
from gateway.translate.rules import Rules
from gateway.verdicts import reasons
from gateway.verdicts.verdict import ObjectRef, Verdict

HEADLESS: Final = ("", "None")
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4: Final = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")  # in the only form that ip_address() gives back
_FAMILIES: Final = ("IPv4", "IPv6")  # the third, FQDN, has no addresses


class BackendUnit(Struct, frozen=True):
    """A backend, what its referrers are told, what its slices are told, and the names of these slices."""

    backend: Backend
    remarks: tuple[Remark, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    slices: tuple[str, ...] = ()
    host: str = ""  # the name that it leads to, where it does


def build_backend(view: View, rules: Rules, identity: BackendId, *, service_upstream: bool) -> BackendUnit:
    """Without a usable endpoint the backend is empty, and answers 503."""
    mapped = rules.service_map(identity.namespace, identity.service, identity.port)
    if mapped is not None:
        return BackendUnit(Backend(identity, tuple(sorted(set(mapped)))))
    if not identity.namespace:
        endpoints, remark, host = build_named(view, identity)
        return BackendUnit(Backend(identity, endpoints), (remark,) if remark else (), host=host)
    service = view.service(identity.namespace, identity.service)
    if service is None:
        return _empty(
            identity,
            Remark(
                reasons.SERVICE_MISSING,
                "name",
                identity.service,
                f"there is no Service {identity.service} in namespace {identity.namespace}",
                f"create it, or write the name of an existing one; without a cluster, "
                f"--map {identity.namespace}/{identity.service}=HOST:PORT gives it an address",
            ),
        )
    if service.spec.type == "ExternalName":
        endpoints, remark, host = build_external(view, rules, identity, service)
        return BackendUnit(Backend(identity, endpoints), (remark,) if remark else (), host=host)
    port = find_port(service, identity.port)
    if port is None:
        known = ", ".join(f"{one.port} ({one.name})" if one.name else str(one.port) for one in tcp_ports(service))
        return _empty(
            identity,
            Remark(
                reasons.PORT_MISSING,
                "port",
                identity.port,
                f"Service {identity.service} has no TCP port {identity.port}",
                f"its ports are: {known}" if known else "give the Service a port",
            ),
        )
    remarks: tuple[Remark, ...] = ()
    if service_upstream:
        if service.spec.cluster_ip not in HEADLESS and is_port(port.port):
            return _cluster_ip(identity, service, port)
        remarks = (
            Remark(
                reasons.UPSTREAM_HEADLESS,
                "name",
                identity.service,
                "the Service has no cluster IP",
                "remove the annotation service-upstream, or give the Service a cluster IP",
            ),
        )
    slices = view.endpoint_slices(identity.namespace, identity.service)
    return _from_slices(slices, identity, service, port, remarks)


def _empty(identity: BackendId, remark: Remark) -> BackendUnit:
    return BackendUnit(Backend(identity, ()), (remark,))


def _cluster_ip(identity: BackendId, service: Service, port: ServicePort) -> BackendUnit:
    address = _address(service.spec.cluster_ip)
    if address is not None:
        return BackendUnit(Backend(identity, (Endpoint(address, port.port),)))
    return _empty(
        identity,
        Remark(
            reasons.NO_ENDPOINTS,
            "name",
            identity.service,
            f"its clusterIP {reasons.readable(service.spec.cluster_ip)!r} is not an IP address",
            "correct the Service",
        ),
    )


class _Found(NamedTuple):
    """The endpoints of one address family."""

    ready: set[Endpoint]
    ending: set[Endpoint]


def _from_slices(
    slices: Sequence[EndpointSlice],
    identity: BackendId,
    service: Service,
    port: ServicePort,
    remarks: tuple[Remark, ...],
) -> BackendUnit:
    families = {family: _Found(set(), set()) for family in _FAMILIES}
    verdicts: list[Verdict] = []
    waiting = 0
    for one in slices:
        numbers = _slice_ports(one, port)
        for index, endpoint in enumerate(one.endpoints if one.address_type in _FAMILIES else ()):
            conditions = endpoint.conditions
            if conditions.ready is False:  # unknown counts as ready
                waiting += 1
                if not (conditions.serving and conditions.terminating):
                    continue
            family = families[one.address_type]
            found = family.ending if conditions.ready is False else family.ready
            for place, text in enumerate(endpoint.addresses):
                address = _address(text)
                if address is None:
                    verdicts.append(_bad_address(one, f"endpoints[{index}].addresses[{place}]", text))
                    continue
                found.update(Endpoint(address, number) for number in numbers)
    endpoints = tuple(sorted(_chosen(families, service)))
    if len(endpoints) > ENDPOINTS_PER_BACKEND:
        text = f"{len(endpoints)} endpoints are more than the {ENDPOINTS_PER_BACKEND} that get requests"
        remarks = (*remarks, Remark(reasons.TOO_MANY_ENDPOINTS, "name", identity.service, text, "split the Service"))
        endpoints = endpoints[:ENDPOINTS_PER_BACKEND]
    if not endpoints:
        remarks = (*remarks, _nobody(identity, slices, waiting))
    return BackendUnit(
        Backend(identity, endpoints), remarks, tuple(verdicts), tuple(one.metadata.name for one in slices)
    )


def _chosen(families: Mapping[str, _Found], service: Service) -> set[Endpoint]:
    """Without `ipFamilies` (a manifest that no API server has completed) both families count."""
    preferred = [families[name] for name in service.spec.ip_families if name in families]
    groups = [[one] for one in preferred] or [list(families.values())]
    ready = (set[Endpoint]().union(*(one.ready for one in group)) for group in groups)
    ending = (set[Endpoint]().union(*(one.ending for one in group)) for group in groups)
    return next((found for found in (*ready, *ending) if found), set())


def _slice_ports(one: EndpointSlice, port: ServicePort) -> set[int]:
    """By name; a Service port without a name has the only one. The numeric targetPort stands in where that fails."""
    target = port.target_port or port.port
    listed = {
        candidate.port if candidate.port is not None else (target if isinstance(target, int) else 0)
        for candidate in one.ports
        if candidate.protocol == "TCP" and (not port.name or candidate.name == port.name)
    }
    if not listed and isinstance(target, int):
        listed = {target}
    return {number for number in listed if is_port(number)}


def _nobody(identity: BackendId, slices: Sequence[EndpointSlice], waiting: int) -> Remark:
    if waiting:
        text, fix = f"none of its {waiting} endpoints is ready", "look at the readiness of its pods"
    elif slices:
        text, fix = (
            f"its EndpointSlices have no usable endpoint for port {identity.port}",
            "check selector and port names",
        )
    else:
        text = "it has no EndpointSlice"
        fix = (
            "check its selector; without a cluster, write an EndpointSlice for it, or give its address with "
            f"--map {identity.namespace}/{identity.service}=HOST:PORT"
        )
    return Remark(reasons.NO_ENDPOINTS, "name", identity.service, text, fix)


def _bad_address(one: EndpointSlice, field: str, text: str) -> Verdict:
    subject = ObjectRef("EndpointSlice", one.metadata.namespace, one.metadata.name)
    return reasons.BAD_ADDRESS.verdict(subject, field, text, "it is not an IP address", "write an IP address")


def _address(text: str) -> str | None:
    if _IPV4.fullmatch(text):  # as written by every controller; a tenth of the time, with tens of thousands at a start
        return text
    if "%" in text:  # a zone means something on the machine that wrote it only
        return None
    try:
        return str(ip_address(text))
    except ValueError:
        return None
