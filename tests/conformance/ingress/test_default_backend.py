"""An Ingress with nothing but a default backend takes every request for every host."""

import pytest

from tests.conformance.ingress.scenario import Scenario, told

ROWS = [
    ("GET", "", "/"),
    ("POST", "some-host", "/"),
    ("PUT", "some-host", "/resource"),
    ("DELETE", "some-host", "/some-path"),
    ("PATCH", "my-host", "/resource"),
    ("GET", "my-host", "/some/deeper/path?and=query"),
]


def test_the_default_backend_takes_every_request(scenario: Scenario) -> None:
    scenario.backends("echo")
    scenario.ingress({}, default="echo")
    scenario.reaches("echo", "any-host", "/")
    for method, host, path in ROWS:
        reply = scenario.send(method, host, path, agent="conformance/1.0 (a client)")
        asked = told(reply)
        assert reply.status == 200, f"{method} {host}{path}"
        assert reply.protocol == "HTTP/1.1"
        assert {"content-length", "content-type", "date"} <= reply.headers.keys(), reply.headers
        assert (asked["method"], asked["path"]) == (method, path)
        assert asked["host"].partition(":")[0] == (host or scenario.served().host)
        assert asked["headers"]["User-Agent"] == ["conformance/1.0 (a client)"]
        assert asked["pod"].startswith("echo-")


def test_an_answer_names_its_server(scenario: Scenario, request: pytest.FixtureRequest) -> None:
    """The suite that Kubernetes once had asks for a Server header in this scenario, though its echo server sends none.

    It stands apart, because it is no rule of Ingresses: ingress-nginx as it is installed takes the header out, and
    what a gateway is made of is no business of its clients.
    """
    if scenario.target.own:
        reason = "Sallygate does not name itself to clients, as ingress-nginx does not with its default settings"
        request.applymarker(pytest.mark.xfail(reason=reason, raises=AssertionError, strict=True))
    scenario.backends("echo")
    scenario.ingress({}, default="echo")
    reply = scenario.reaches("echo", "any-host", "/")
    assert "server" in reply.headers, reply.headers
