"""Host names, and which covers which."""

import pytest

from gateway.translate.names import covers, host_problem, wildcard_of
from gateway.translate.refs import Refused, resolve


@pytest.mark.parametrize(
    "host", ["", "a", "shop.example", "*.example", "*.a.example", "xn--bcher-kva.example", "1a.2b"]
)
def test_hosts(host: str) -> None:
    assert host_problem(host) is None


LONG = ("a" * 64, ".".join(["a" * 49] * 6))
NOT_HOSTS = (
    "*",
    "*.",
    "a.*",
    "a*.b",
    "*.*.a",
    ".a",
    "a.",
    "a..b",
    "-a",
    "a-",
    "a_b",
    "a:80",
    "ü",
    "::1",
    "[::1]",
    "a/b",
)


@pytest.mark.parametrize("host", [*LONG, *NOT_HOSTS, "1.2.3.4", "a b", "a\n"])
def test_no_hosts(host: str) -> None:
    problem = host_problem(host)
    assert problem is not None
    assert all(problem)


def test_a_fix_is_a_host() -> None:
    for host, better in (("shop.example:8080", "write shop.example"), ("shop.example.", "write shop.example")):
        problem = host_problem(host)
        assert problem is not None
        assert problem[1] == better


def test_wildcards_cover_one_label() -> None:
    assert wildcard_of("a.b.example") == "*.b.example"
    assert wildcard_of("*.example") is wildcard_of("example") is wildcard_of("") is None
    assert covers("*.example", "a.example")
    assert covers("*.example", "*.example")
    assert not covers("*.example", "a.b.example")
    assert not covers("*.example", "example")
    assert not covers("a.example", "b.example")


def test_references_stay_in_their_namespace() -> None:
    assert resolve("Secret", "tls", namespace="one") == resolve("Secret", "one/tls", namespace="one")
    crossing = resolve("Secret", "two/tls", namespace="one")
    assert isinstance(crossing, Refused)
    assert crossing.crosses
    for text in ("", "/", "one/", "/tls", "../tls", "one/two/tls", "TLS", "a\n"):
        found = resolve("Secret", text, namespace="one")
        assert isinstance(found, Refused)
        assert not found.crosses
