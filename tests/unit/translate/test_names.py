"""Host names, and which covers which."""

import itertools

import pytest

from gateway.objects.grants import GrantFrom, GrantTo, ReferenceGrant, ReferenceGrantSpec
from gateway.objects.meta import Metadata, ObjectKey
from gateway.store.events import Delete, Upsert
from gateway.store.store import Store
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
    view = Store()
    assert resolve("Secret", "tls", namespace="one", view=view) == resolve(
        "Secret", "one/tls", namespace="one", view=view
    )
    crossing = resolve("Secret", "two/tls", namespace="one", view=view)
    assert isinstance(crossing, Refused)
    assert crossing.crosses == "two"
    for text in ("", "/", "one/", "/tls", "../tls", "one/two/tls", "TLS", "a\n"):
        for everywhere in (False, True):
            found = resolve("Secret", text, namespace="one", view=view, everywhere=everywhere)
            assert isinstance(found, Refused)
            assert not found.crosses


GIVEN = GrantFrom("networking.k8s.io", "Ingress", "one")
TO_TLS = GrantTo("", "Secret", "tls")


@pytest.mark.parametrize(
    ("from_", "to", "permitted"),
    [
        ((GIVEN,), (TO_TLS,), True),
        ((GIVEN,), (GrantTo("", "Secret"),), True),
        ((GrantFrom("", "Ingress", "one"), GIVEN), (GrantTo("", "ConfigMap"), TO_TLS), True),
        ((GIVEN,), (GrantTo("", "Secret", "other"),), False),
        ((GIVEN,), (GrantTo("", "ConfigMap"),), False),
        ((GIVEN,), (GrantTo("apps", "Secret"),), False),
        ((GIVEN,), (), False),
        ((), (TO_TLS,), False),
        ((GrantFrom("networking.k8s.io", "Ingress", "three"),), (TO_TLS,), False),
        ((GrantFrom("gateway.networking.k8s.io", "Gateway", "one"),), (TO_TLS,), False),
        ((GrantFrom("extensions", "Ingress", "one"),), (TO_TLS,), False),
    ],
)
def test_a_grant_of_the_other_namespace_permits_what_it_names(
    from_: tuple[GrantFrom, ...], to: tuple[GrantTo, ...], permitted: bool
) -> None:
    grant = ReferenceGrant(Metadata(name="g", namespace="two"), ReferenceGrantSpec(from_, to))
    key = ObjectKey("ReferenceGrant", "two", "g")
    view = Store()
    view.apply([Upsert(key, grant)])
    found = resolve("Secret", "two/tls", namespace="one", view=view)
    assert (found == ObjectKey("Secret", "two", "tls")) is permitted
    assert isinstance(resolve("Secret", "three/tls", namespace="one", view=view), Refused)
    view.apply([Delete(key)])
    assert isinstance(resolve("Secret", "two/tls", namespace="one", view=view), Refused)


def test_no_two_namespaces_meet_without_a_grant() -> None:
    names = ("one", "two", "three")
    for source, target in itertools.permutations(names, 2):
        view = Store()
        others = [pair for pair in itertools.permutations(names, 2) if pair != (source, target)]
        view.apply(
            Upsert(
                ObjectKey("ReferenceGrant", there, f"from-{here}"),
                ReferenceGrant(
                    Metadata(name=f"from-{here}", namespace=there),
                    ReferenceGrantSpec((GrantFrom("networking.k8s.io", "Ingress", here),), (GrantTo("", "Secret"),)),
                ),
            )
            for here, there in others
        )
        assert isinstance(resolve("Secret", f"{target}/tls", namespace=source, view=view), Refused)
        for here, there in others:
            assert resolve("Secret", f"{there}/tls", namespace=here, view=view) == ObjectKey("Secret", there, "tls")
