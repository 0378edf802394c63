"""The engine in front of a recorder, for every case on the wire."""

from collections.abc import Iterator

import pytest

from gateway.ir.backend import Backend, Endpoint
from gateway.ir.policy import Policy
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
        HostTable("", (route("/", forward(), Policy(body_limit_bytes=0, tries=1)),)),
        backends=[Backend(backend_id("web"), (Endpoint(*recorder.address),))],
    )
    yield gate
    gate.close()
