"""What it costs to take in a list of EndpointSlices, and an event of a watch. Prints JSON.

`python -m bench.scale.watch [SLICES [ENDPOINTS]]`, 10,000 slices with 5 endpoints each if not told otherwise. Figures
are the least of several rounds of process CPU time, as everything above it is somebody else's. Beside ours stand the
ways that others take: dictionaries by json and orjson, and the models of the Kubernetes library, those for a tenth of
the slices, because they take their time.
"""

import asyncio
import gc
import json
import platform
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import msgspec
import orjson

from gateway.kube.decode import Flawed, ObjectDecoder, read_event, read_page
from gateway.kube.lines import Lines
from gateway.kube.pace import LIST_LIMIT
from gateway.kube.population import Fresh, Population
from gateway.kube.resources import resource_of

ROUNDS = 5
EVENTS = 2_000
PIECE = 64 * 1024  # as a socket brings them
SLICES = resource_of("EndpointSlice")


def a_slice(number: int, endpoints: int, version: int) -> dict[str, Any]:
    """As an API server of today sends it, managed fields and all: about 2.5 KB."""
    name = f"app-{number}"
    pod = {"kind": "Pod", "namespace": "default", "uid": "5f0b3f0e-8c0f-4d0a-9c39-2a6a4a1d1b11"}
    fields: dict[str, Any] = {
        "f:addressType": {},
        "f:endpoints": {},
        "f:metadata": {
            "f:annotations": {".": {}, "f:endpoints.kubernetes.io/last-change-trigger-time": {}},
            "f:generateName": {},
            "f:labels": {".": {}, "f:app": {}, "f:kubernetes.io/service-name": {}},
            "f:ownerReferences": {".": {}, 'k:{"uid":"9a1f7a52-55f3-4f3e-9d4c-0d3d8f3f2c11"}': {}},
        },
        "f:ports": {},
    }
    return {
        "metadata": {
            "name": f"{name}-x7k2p",
            "generateName": f"{name}-",
            "namespace": "default",
            "uid": f"00000000-0000-0000-0000-{number:012}",
            "resourceVersion": str(version),
            "generation": 3,
            "creationTimestamp": "2026-01-31T12:00:00Z",
            "labels": {
                "app": name,
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                "kubernetes.io/service-name": name,
            },
            "annotations": {"endpoints.kubernetes.io/last-change-trigger-time": "2026-01-31T12:00:00Z"},
            "ownerReferences": [{"apiVersion": "v1", "kind": "Service", "name": name, "uid": pod["uid"]}],
            "managedFields": [{"manager": "kube-controller-manager", "operation": "Update", "fieldsV1": fields}],
        },
        "addressType": "IPv4",
        "endpoints": [
            {
                "addresses": [f"10.{number >> 8 & 255}.{number & 255}.{index + 1}"],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "nodeName": f"node-{index}",
                "zone": "eu-central-1a",
                "targetRef": {**pod, "name": f"{name}-{index}"},
            }
            for index in range(endpoints)
        ],
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    }


def a_list(slices: Iterable[dict[str, Any]]) -> bytes:
    return orjson.dumps(
        {
            "kind": "EndpointSliceList",
            "apiVersion": SLICES.api_version,
            "metadata": {"resourceVersion": "1"},
            "items": list(slices),
        }
    )


def least(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Milliseconds of CPU."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        result = action()
        best = min(best, time.process_time() - began)
        del result
    return round(best * 1_000, 2)


def taken_in(pages: Iterable[bytes]) -> Population:
    """What a reflector does with the pages of a list."""
    decoder, fresh = ObjectDecoder(SLICES), Fresh("EndpointSlice")
    for body in pages:
        items = read_page(body, SLICES).items
        for item in items:
            fresh.add(decoder.read(item))
    population = Population("EndpointSlice")
    population.replace(fresh)
    population.take()
    return population


def heard(pieces: Iterable[bytes], population: Population) -> int:
    """What a reflector does with the pieces of a watch."""
    decoder, lines, told = ObjectDecoder(SLICES), Lines(), 0
    for piece in pieces:
        for line in lines.feed(piece):
            one = decoder.read(read_event(line).object)
            told += not isinstance(one, Flawed) and population.put(one, "1")
        population.take()
    return told


def all_heard(pieces: Iterable[bytes], population: Population) -> None:
    if heard(pieces, population) != EVENTS:
        raise RuntimeError("events were lost")


async def by_models(body: bytes) -> int:
    """As the library's own informers do. Does not give the models back: asyncio would write them out for its task."""
    from kubernetes.aio.client import ApiClient  # noqa: PLC0415 -- most of a second

    async with ApiClient() as client:
        return len(client.deserialize(body.decode(), "V1EndpointSliceList", "application/json").items)


def measure(count: int, endpoints: int) -> dict[str, object]:
    slices = [a_slice(number, endpoints, number + 2) for number in range(count)]
    body = a_list(slices)
    pages = [a_list(slices[start : start + LIST_LIMIT]) for start in range(0, count, LIST_LIMIT)]
    tenth = a_list(slices[: max(1, count // 10)])
    asyncio.run(by_models(tenth))  # its imports are not the question
    changed = [a_slice(number % count, endpoints, count + 2 + number) for number in range(EVENTS)]
    stream = b"".join(orjson.dumps({"type": "MODIFIED", "object": value}) + b"\n" for value in changed)
    pieces = [stream[start : start + PIECE] for start in range(0, len(stream), PIECE)]

    event_ms = []
    for _ in range(ROUNDS):
        population = taken_in(pages)
        event_ms.append(least(partial(all_heard, pieces, population), 1))
        del population
    tracemalloc.start()
    kept = taken_in(pages)
    memory, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return {
        "python": sys.version.split()[0],
        "machine": platform.machine(),
        "slices": count,
        "endpoints_per_slice": endpoints,
        "list_bytes": len(body),
        "list_cpu_ms": {
            "ours": least(lambda: taken_in(pages)),
            "ours_in_one_page": least(lambda: taken_in([body])),
            "untyped_msgspec": least(lambda: msgspec.json.decode(body)),
            "orjson": least(lambda: orjson.loads(body)),
            "json": least(lambda: json.loads(body)),
            "library_models": round(least(lambda: asyncio.run(by_models(tenth)), 2) * count / max(1, count // 10), 2),
        },
        "kept_bytes_per_slice": round(memory / count),
        "peak_bytes_per_slice": round(peak / count),
        "event_cpu_us": {
            "ours": round(min(event_ms) * 1_000 / EVENTS, 2),
            "orjson": round(least(lambda: [orjson.loads(line) for line in stream.splitlines()]) * 1_000 / EVENTS, 2),
            "json": round(least(lambda: [json.loads(line) for line in stream.splitlines()]) * 1_000 / EVENTS, 2),
        },
    }


def main(arguments: list[str]) -> None:
    count, endpoints = (int(text) for text in (*arguments, *("10000", "5")[len(arguments) :])[:2])
    json.dump(measure(count, endpoints), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
