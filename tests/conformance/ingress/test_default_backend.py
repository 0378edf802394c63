"""An Ingress with nothing but a default backend takes every request for every host."""

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
        assert {"content-length", "content-type", "date", "server"} <= reply.headers.keys(), reply.headers
        assert (asked["method"], asked["path"]) == (method, path)
        assert asked["host"].partition(":")[0] == (host or scenario.served().host)
        assert asked["headers"]["User-Agent"] == ["conformance/1.0 (a client)"]
        assert asked["pod"].startswith("echo-")
