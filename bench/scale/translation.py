"""What translation costs: 5,000 Ingresses from cold, and one change among them. Prints JSON.

`python -m bench.scale.translation [INGRESSES]`. Every Ingress has a host, a Service with two endpoints and five
annotations of its own. Figures are CPU milliseconds of this process, from objects in the store to segments that could
be sent; the median of some rounds from cold, and median and p99 of many changes. Units of work are counted beside them,
as counts hold on every machine. Regular expressions and certificates are judged by the engine's own code.
"""

import gc
import json
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gateway.app import rules
from gateway.encode.tree import Tree
from gateway.objects.core import EndpointSlice, Service, ServicePort, ServiceSpec, SliceEndpoint, SlicePort
from gateway.objects.ingress import (
    HTTPIngressPath,
    HTTPIngressRuleValue,
    Ingress,
    IngressBackend,
    IngressClass,
    IngressClassSpec,
    IngressRule,
    IngressServiceBackend,
    IngressSpec,
    ServiceBackendPort,
)
from gateway.objects.kinds import Object
from gateway.objects.meta import Metadata, ObjectKey
from gateway.settings.control import ControlSettings, ProcessSettings
from gateway.store.events import Upsert
from gateway.store.store import Store
from gateway.translate.rules import PREFIX
from gateway.translate.translate import SERVICE_NAME, Translator

INGRESSES: Final = 5_000
COLD_ROUNDS: Final = 5
CHANGES: Final = 500
NAMESPACE: Final = "shop"
SETTINGS: Final = ControlSettings(process=ProcessSettings(state_dir=Path("/nonexistent")))  # nothing is written


def annotations(number: int, version: int = 0) -> dict[str, str]:
    """Five that people have: a time limit, a body, a rewrite, a list of networks and cross-origin requests."""
    values = {
        "proxy-read-timeout": str(10 + (number + version) % 90),
        "proxy-body-size": f"{1 + number % 32}m",
        "rewrite-target": "/$2",
        "whitelist-source-range": f"10.{number % 200}.0.0/16, 192.168.0.0/16",
        "enable-cors": "true",
    }
    return {f"{PREFIX}/{name}": value for name, value in values.items()}


def ingress(number: int, version: int = 0) -> Ingress:
    backend = IngressBackend(IngressServiceBackend(f"app-{number}", ServiceBackendPort(number=80)))
    paths = (HTTPIngressPath(path="/api(/|$)(.*)", path_type="ImplementationSpecific", backend=backend),)
    return Ingress(
        metadata=Metadata(
            name=f"app-{number}", namespace=NAMESPACE, uid=str(number), annotations=annotations(number, version)
        ),
        spec=IngressSpec(
            ingress_class_name="nginx",
            rules=(IngressRule(host=f"app-{number}.example.com", http=HTTPIngressRuleValue(paths=paths)),),
        ),
    )


def cluster(count: int) -> Iterator[Object]:
    yield IngressClass(metadata=Metadata(name="nginx"), spec=IngressClassSpec(controller="k8s.io/ingress-nginx"))
    for number in range(count):
        name = f"app-{number}"
        yield ingress(number)
        yield Service(
            metadata=Metadata(name=name, namespace=NAMESPACE),
            spec=ServiceSpec(ports=(ServicePort(name="http", port=80),)),
        )
        addresses = (f"10.{number >> 8 & 255}.{number & 255}.1", f"10.{number >> 8 & 255}.{number & 255}.2")
        yield EndpointSlice(
            metadata=Metadata(name=f"{name}-1", namespace=NAMESPACE, labels={SERVICE_NAME: name}),
            address_type="IPv4",
            ports=(SlicePort(name="http", port=8080),),
            endpoints=tuple(SliceEndpoint(addresses=(address,)) for address in addresses),
        )


class World:
    """A store, the translator over it, and the tree of what it says."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self._store = Store()
        self.put(objects)
        self.translator = Translator(self._store, rules(SETTINGS, lambda _namespace, _service, _port: None))
        self.tree = Tree()

    def put(self, objects: Iterable[Object]) -> None:
        for one in objects:
            meta = one.metadata
            key = ObjectKey(type(one).__name__, meta.namespace, meta.name)
            self._store.apply([Upsert(key, one)])

    def publish(self) -> float:
        """Milliseconds of CPU for whatever is new."""
        began = time.process_time()
        self.tree.apply(self.translator.update(self._store.take_dirty()))
        return (time.process_time() - began) * 1_000


def measure(count: int) -> dict[str, object]:
    objects = list(cluster(count))
    cold = []
    for _ in range(COLD_ROUNDS):
        world = World(objects)
        gc.collect()
        cold.append(world.publish())
    whole = world.translator.work
    complaints = len(world.translator.verdicts())
    changes, most = [], 0
    for version in range(1, CHANGES + 1):
        world.put([ingress(version * 37 % count, version)])
        changes.append(world.publish())
        most = max(most, sum(world.translator.work))
    return {
        "ingresses": count,
        "cold_ms": round(statistics.median(cold), 1),
        "cold_units": sum(whole),
        "verdicts": complaints,
        "change_median_ms": round(statistics.median(changes), 3),
        "change_p99_ms": round(statistics.quantiles(changes, n=100)[98], 3),
        "change_units_most": most,
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else INGRESSES)))
