"""Which port of a Service a text means."""

from collections.abc import Iterator

from gateway.objects.core import Service, ServicePort


def find_port(service: Service, text: str) -> ServicePort | None:
    """The first port whose number, targetPort or name is `text`. Empty text is the first port there is."""
    for port in tcp_ports(service):
        if text in ("", str(port.port), str(port.target_port), port.name):
            return port
    return None


def tcp_ports(service: Service) -> Iterator[ServicePort]:
    return (port for port in service.spec.ports if port.protocol == "TCP")


def is_port(number: int) -> bool:
    return 0 < number <= 65_535
