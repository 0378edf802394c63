"""Where clients reach us, by each kind of Service and of node."""

import pytest

from gateway.objects.core import (
    LoadBalancerIngress,
    LoadBalancerStatus,
    Service,
    ServicePortStatus,
    ServiceSpec,
    ServiceStatus,
)
from gateway.objects.ingress import IngressLoadBalancerIngress as Address
from gateway.objects.ingress import IngressPortStatus
from gateway.objects.meta import Metadata
from gateway.status.addresses import NodeAddress, of_nodes, of_service, of_texts, ordered, same


def service(spec: ServiceSpec, *balancer: LoadBalancerIngress) -> Service:
    return Service(Metadata("gate", "infra"), spec, ServiceStatus(LoadBalancerStatus(balancer)))


@pytest.mark.parametrize(
    ("spec", "balancer", "expected"),
    [
        (ServiceSpec("LoadBalancer", "10.0.0.1"), [], ()),
        (ServiceSpec("LoadBalancer"), [LoadBalancerIngress("192.0.2.1")], (Address("192.0.2.1"),)),
        (
            ServiceSpec("LoadBalancer"),
            [LoadBalancerIngress("", "lb.example.com"), LoadBalancerIngress("192.0.2.1", "ignored.example.com")],
            (Address("192.0.2.1"), Address("", "lb.example.com")),
        ),
        (
            ServiceSpec("LoadBalancer", external_ips=("192.0.2.9", "192.0.2.1")),
            [LoadBalancerIngress("192.0.2.1", ports=(ServicePortStatus(80),))],
            (Address("192.0.2.1", ports=(IngressPortStatus(80),)), Address("192.0.2.9")),
        ),
        (ServiceSpec("NodePort", "10.0.0.1"), [], (Address("10.0.0.1"),)),
        (ServiceSpec("NodePort", "10.0.0.1", external_ips=("192.0.2.9",)), [], (Address("192.0.2.9"),)),
        (ServiceSpec("ClusterIP", "10.0.0.1"), [], (Address("10.0.0.1"),)),
        (ServiceSpec("ClusterIP", "None"), [], ()),
        (ServiceSpec("ExternalName", external_name="x.example.com"), [], (Address("", "x.example.com"),)),
        (ServiceSpec("ExternalName", external_name="192.0.2.5"), [], (Address("192.0.2.5"),)),
    ],
)
def test_a_service(spec: ServiceSpec, balancer: list[LoadBalancerIngress], expected: tuple[Address, ...]) -> None:
    assert of_service(service(spec, *balancer)) == expected


@pytest.mark.parametrize(
    ("internal", "expected"),
    [
        (False, (Address("10.0.0.2"), Address("192.0.2.1"), Address("", "n3.example.com"))),
        (True, (Address("10.0.0.1"), Address("10.0.0.2"))),
    ],
)
def test_nodes(internal: bool, expected: tuple[Address, ...]) -> None:
    nodes = [
        [NodeAddress("Hostname", "n1"), NodeAddress("InternalIP", "10.0.0.1"), NodeAddress("ExternalIP", "192.0.2.1")],
        [NodeAddress("InternalIP", "10.0.0.2"), NodeAddress("InternalIP", "fd00::2")],
        [NodeAddress("ExternalIP", "n3.example.com")],
        [NodeAddress("Hostname", "n4")],
    ]
    assert of_nodes(nodes, internal=internal) == ordered(expected)


def test_texts() -> None:
    assert of_texts(["lb.example.com", "192.0.2.1", "2001:db8::1"]) == ordered(
        [Address("192.0.2.1"), Address("2001:db8::1"), Address("", "lb.example.com")]
    )


def test_order_does_not_matter_and_ports_do() -> None:
    ports = IngressPortStatus(80), IngressPortStatus(443)
    one, two = Address("192.0.2.1", ports=ports), Address("192.0.2.2")
    assert same((one, two), (two, Address("192.0.2.1", ports=ports[::-1])))
    assert not same((one, two), (two, Address("192.0.2.1")))
    assert not same((one,), (one, two))
