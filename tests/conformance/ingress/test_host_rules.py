"""Rules by host: exact names, wildcards of one label, TLS, ports by name."""

from typing import NamedTuple

from tests.conformance.ingress.manifests import PORT_NAME, Path
from tests.conformance.ingress.scenario import Scenario


class Hosts(NamedTuple):
    """Of one scenario: what another one left behind does not answer for them."""

    tls: str
    domain: str
    """That of the wildcard."""
    named_port: str


def _given(scenario: Scenario) -> Hosts:
    own = f"{scenario.namespace}.example"
    hosts = Hosts(f"foo.bar.{own}", f"foo.{own}", f"named-port.{own}")
    scenario.backends("foo-bar", "wildcard", "named-port")
    scenario.certificate("conformance-tls", hosts.tls)
    scenario.ingress(
        {
            f"*.{hosts.domain}": [Path("/", "wildcard")],
            hosts.tls: [Path("/", "foo-bar")],
            hosts.named_port: [Path("/", "named-port", port=PORT_NAME)],
        },
        tls={hosts.tls: "conformance-tls"},
    )
    return hosts


def test_a_host_with_a_certificate_is_served_over_https_with_it(scenario: Scenario) -> None:
    hosts = _given(scenario)
    reply = scenario.reaches("foo-bar", hosts.tls, "/", tls=True)
    assert reply.names == (hosts.tls,)


def test_a_host_with_a_certificate_answers_over_http_too(scenario: Scenario) -> None:
    """With the page or with the way to it over https: an Ingress does not say which."""
    hosts = _given(scenario)
    scenario.reaches("foo-bar", hosts.tls, "/")


def test_a_wildcard_takes_one_label(scenario: Scenario) -> None:
    hosts = _given(scenario)
    scenario.reaches("wildcard", f"bar.{hosts.domain}", "/")


def test_a_wildcard_takes_neither_two_labels_nor_none(scenario: Scenario) -> None:
    hosts = _given(scenario)
    scenario.reaches("wildcard", f"bar.{hosts.domain}", "/")
    scenario.misses(f"baz.bar.{hosts.domain}", "/")
    scenario.misses(hosts.domain, "/")


def test_a_host_without_a_rule_is_not_found(scenario: Scenario) -> None:
    hosts = _given(scenario)
    scenario.reaches("wildcard", f"bar.{hosts.domain}", "/")
    scenario.misses(f"specific.{hosts.named_port}", "/")


def test_a_port_may_be_named(scenario: Scenario) -> None:
    hosts = _given(scenario)
    scenario.reaches("named-port", hosts.named_port, "/")
