"""The engine in front of a recorder, for every case on the wire."""

from collections.abc import Callable, Iterator

import pytest

from gateway.ir.backend import Backend, Endpoint
from gateway.ir.policy import Policy, RequestBody
from gateway.ir.route import HostTable
from tests.support.engine import Gate, backend_id, forward, route
from tests.support.recorder import Recorder


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with Recorder() as one:
        yield one


@pytest.fixture(scope="module")
def gate(recorder: Recorder) -> Iterator[Gate]:
    """Every host goes to the recorder, and no connection to it is used twice."""
    gate = Gate(upstream_idle_per_endpoint=0)
    gate.serve(
        HostTable("", (route("/", forward(), policy(buffered=True)),)),
        backends=[Backend(backend_id("web"), (Endpoint(*recorder.address),))],
    )
    yield gate
    gate.close()


def policy(*, buffered: bool) -> Policy:
    return Policy(body_limit_bytes=0, tries=1, request_body=RequestBody(buffered=buffered))


@pytest.fixture
def take(gate: Gate) -> Callable[[bool], None]:
    """Says whether bodies are taken in whole before the recorder is asked (True), or go on as they come."""
    return lambda buffered: gate.serve(HostTable("", (route("/", forward(), policy(buffered=buffered)),)))
