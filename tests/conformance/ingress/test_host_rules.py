"""Rules by host: exact names, wildcards of one label, TLS, ports by name."""

from tests.conformance.ingress.manifests import PORT_NAME, Path
from tests.conformance.ingress.scenario import Scenario

TLS_HOST, WILDCARD, NAMED_PORT = "foo.bar.com", "*.foo.com", "wikipedia.org"


def _given(scenario: Scenario) -> None:
    scenario.backends("foo-bar", "wildcard", "named-port")
    scenario.certificate("conformance-tls", TLS_HOST)
    scenario.ingress(
        {
            WILDCARD: [Path("/", "wildcard")],
            TLS_HOST: [Path("/", "foo-bar")],
            NAMED_PORT: [Path("/", "named-port", port=PORT_NAME)],
        },
        tls={TLS_HOST: "conformance-tls"},
    )


def test_a_host_with_a_certificate_is_served_over_https_with_it(scenario: Scenario) -> None:
    _given(scenario)
    reply = scenario.reaches("foo-bar", TLS_HOST, "/", tls=True)
    assert reply.names == (TLS_HOST,)


def test_a_host_with_a_certificate_answers_over_http_too(scenario: Scenario) -> None:
    """With the page or with the way to it over https: an Ingress does not say which."""
    _given(scenario)
    scenario.reaches("foo-bar", TLS_HOST, "/", tls=True)
    reply = scenario.send("GET", TLS_HOST, "/")
    to_https = reply.headers.get("location", "").startswith(f"https://{TLS_HOST}")
    assert reply.status == 200 or (reply.status in {301, 302, 307, 308} and to_https), reply


def test_a_wildcard_takes_one_label(scenario: Scenario) -> None:
    _given(scenario)
    scenario.reaches("wildcard", "bar.foo.com", "/")


def test_a_wildcard_takes_neither_two_labels_nor_none(scenario: Scenario) -> None:
    _given(scenario)
    scenario.reaches("wildcard", "bar.foo.com", "/")
    scenario.misses("baz.bar.foo.com", "/")
    scenario.misses("foo.com", "/")


def test_a_host_without_a_rule_is_not_found(scenario: Scenario) -> None:
    _given(scenario)
    scenario.reaches("wildcard", "bar.foo.com", "/")
    scenario.misses("specific.bar.com", "/")


def test_a_port_may_be_named(scenario: Scenario) -> None:
    _given(scenario)
    scenario.reaches("named-port", NAMED_PORT, "/")
