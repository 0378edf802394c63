"""Accepted requests, damaged: whatever the gateway still accepts is what a strict reader reads, and never one more.

Seeded and of a fixed number, so a failure comes back. Each damaged request is sent in pieces cut anywhere.
"""

import itertools
import random
from collections.abc import Callable
from typing import Final

import pytest

from tests.support import forwarding, strict_http
from tests.support.engine import Gate
from tests.support.probe import probe, settled
from tests.support.recorder import Recorder
from tests.wire.corpus import cases, octets

SEEDS: Final = range(40)
EACH: Final = 100
LONGEST_BYTES: Final = 2_000
NASTY: Final = (b"\r", b"\n", b"\0", b" ", b"\t", b":", b",", b"\r\n", b";", b"\x0b", b"\xa0", b"0", b"%")


def sound() -> list[bytes]:
    """Accepted requests. HEAD is left out: a damaged one may be refused with a body or answered without one."""
    every = {octets(case["bytes"]) for case in cases() if case["expect"] == "ok"}
    return sorted(one for one in every if len(one) <= LONGEST_BYTES and not one.lstrip().startswith(b"HEAD "))


SOUND: Final = sound()


def damaged(chance: random.Random, data: bytes) -> bytes:
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(7):
            case 0:
                data = data[:at] + chance.choice(NASTY) + data[at:]
            case 1:
                data = data[:at] + data[at + 1 :]
            case 2:
                data = data[:at] + chance.choice(NASTY) + data[at + 1 :]
            case 3:
                data = shuffled(chance, data)
            case 4:
                data = doubled(chance, data)
            case 5:
                data = data[:at] + chance.choice(NASTY) + data[at : at + 9] + data[at:]
            case _:
                data += chance.choice(SOUND)
    return data


def shuffled(chance: random.Random, data: bytes) -> bytes:
    """The field lines in another order."""
    head, end, body = data.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    chance.shuffle(fields)
    return b"\r\n".join([line, *fields]) + end + body


def doubled(chance: random.Random, data: bytes) -> bytes:
    """One line a second time, anywhere."""
    lines = data.split(b"\r\n")
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return b"\r\n".join(lines)


def pieces(chance: random.Random, data: bytes) -> list[bytes]:
    cuts = sorted({0, len(data), *(chance.randrange(len(data) + 1) for _ in range(chance.randrange(5)))})
    return [data[start:end] for start, end in itertools.pairwise(cuts)]


@pytest.mark.parametrize("seed", SEEDS)
def test_damage_never_makes_one_request_two(
    gate: Gate, take: Callable[[bool], None], recorder: Recorder, seed: int
) -> None:
    buffered = seed % 2 == 0
    take(buffered)
    chance = random.Random(seed)
    served: list[tuple[bytes, strict_http.Request]] = []
    for _ in range(EACH):
        data = damaged(chance, chance.choice(SOUND))
        reading = strict_http.read(data)
        seen = probe(gate, pieces(chance, data), methods=[one.method for one in reading.requests], wait=False)
        assert seen.leftover == b"", data
        for number, status in enumerate(seen.statuses):
            if status == 200:
                assert number < len(reading.requests), (data, reading.fault)
                served.append((data, reading.requests[number]))
            else:
                assert status in {400, 404, 405, 413, 414, 417, 431, 501, 505}, (status, data)
    arrived = [request for connection in settled(gate, recorder) for request in connection.read().requests]
    assert len(arrived) == len(served)
    port = gate.address()[1]
    for (data, request), received in zip(served, arrived, strict=True):
        wrong = forwarding.differences(request, received, port=port, buffered=buffered)
        assert not wrong, (data, wrong)


def test_much_of_the_damage_is_survived_and_much_is_not(gate: Gate, recorder: Recorder) -> None:
    """Otherwise the test above would look at nothing."""
    chance = random.Random(0)
    statuses = []
    for _ in range(300):
        data = damaged(chance, chance.choice(SOUND))
        methods = [one.method for one in strict_http.read(data).requests]
        statuses += probe(gate, [data], methods=methods, wait=False).statuses[:1]
    settled(gate, recorder)
    assert min(statuses.count(200), statuses.count(400)) > 50
