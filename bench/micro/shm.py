"""What the compiled reader of the shared memory is worth: `python -m bench.micro.shm` prints both readers' times.

As JSON, CPU time of this process, best of several rounds, both readers on the same memory in turns. The outputs are
compared, so that nobody gains by doing less.
"""

import json
import platform
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from gateway import _shm
from gateway.telemetry import layout, shm_twin
from gateway.telemetry.layout import LabelRow, Record
from gateway.telemetry.shm_writer import Writer

RECORDS: Final = 2_000
ROUTES: Final = 1_000
WORKERS: Final = 4
ROUNDS: Final = 7
READERS: Final[dict[str, Callable[[bytearray], Any]]] = {"cython": _shm.Reader, "python": shm_twin.Reader}


def record(number: int) -> Record:
    return Record(
        status=200,
        flags=3,
        start_unix_ns=1_795_471_948_120_000_000 + number * 20_000,
        duration_us=3_204 + number,
        upstream_us=2_871 + number,
        request_length=412,
        body_bytes_sent=1_024,
        upstream_response_length=1_024,
        slot=1 + number % ROUTES,
        upstream_status=200,
        tries=1,
        tls_version=0x0304,
        remote_addr=b"203.0.113.7",
        remote_port=b"51234",
        method=b"GET",
        target=b"/api/v1/items/%d?page=2&sort=name" % number,
        protocol=b"HTTP/1.1",
        host=b"shop.example.com",
        referer=b"https://shop.example.com/items",
        user_agent=b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        request_id=b"4f2a9c1de07b4cf3a1b0c9d8e7f60512",
        upstream_addr=b"10.244.3.17:8080",
    )


def labels() -> Iterable[LabelRow]:
    return [(slot, "shop", f"web-{slot}", "items", "80", f"{slot}.example.com", "/") for slot in range(1, ROUTES + 1)]


def filled() -> Writer:
    writer = Writer(workers=WORKERS, slots=ROUTES + 1, ring_bytes=1 << 20)
    for number in range(RECORDS):
        if not writer.push(number % WORKERS, record(number)):
            raise RuntimeError("the rings are too small for this measurement")
    for worker in range(WORKERS):
        for slot in range(1, ROUTES + 1):
            for word in range(layout.SLOT_WORDS):
                writer.set_word(writer.slot_at(worker, slot, word), slot + word)
    return writer


def measure(jobs: dict[str, tuple[Callable[[Any], object], int]]) -> dict[str, dict[str, float]]:
    """Nanoseconds per item of each job, for each reader."""
    source = filled()
    results: dict[str, dict[str, float]] = {}
    for job, (work, items) in jobs.items():
        best = dict.fromkeys(READERS, float("inf"))
        for _ in range(ROUNDS):
            answers = []
            for name, make in READERS.items():
                reader = make(bytearray(source.memory))
                reader.learn(labels())
                start = time.process_time_ns()
                answers.append(work(reader))
                best[name] = min(best[name], (time.process_time_ns() - start) / items)
            if answers[0] != answers[1]:
                raise RuntimeError(f"{job}: the readers disagree")
        results[job] = {**{f"{name}_ns": round(value, 1) for name, value in best.items()}}
        results[job]["ratio"] = round(best["python"] / best["cython"], 1)
    return results


def main() -> None:
    everything = 1 << 30
    jobs: dict[str, tuple[Callable[[Any], object], int]] = {
        "json_per_record": (lambda reader: reader.drain(format="json", max_bytes=everything), RECORDS),
        "upstreaminfo_per_record": (lambda reader: reader.drain(format="upstreaminfo", max_bytes=everything), RECORDS),
        "tuples_per_record": (lambda reader: reader.drain_records(), RECORDS),
        "exposition_per_route": (lambda reader: reader.exposition(), ROUTES),
    }
    facts = {"python": sys.version.split()[0], "machine": platform.machine(), "records": RECORDS, "routes": ROUTES}
    print(json.dumps({"machine": facts, "results": measure(jobs)}, indent=2))


if __name__ == "__main__":
    main()
