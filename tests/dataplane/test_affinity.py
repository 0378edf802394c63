"""Clients that come back to the same endpoint."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from gateway.ir.backend import Backend, Balance, Endpoint
from gateway.ir.filters import Affinity, Filters
from gateway.ir.policy import Policy
from gateway.ir.route import Canary, Forward, HostTable
from tests.support.engine import HOST, Gate, backend_id, route
from tests.support.origin import Origin

COOKIE = Affinity("route", "/", sticky=True)


class Shop:
    """One backend of five endpoints, and a canary of one."""

    def __init__(self, gate: Gate, origins: list[Origin]) -> None:
        self.gate = gate
        self.origins = origins

    def serve(self, filters: Filters, *, endpoints: int = 5, weight: int = 0) -> None:
        *own, other = self.origins
        canaries = (Canary(backend_id("canary"), weight=weight),)
        action = Forward(backend_id("web"), canaries=canaries)
        backends = [
            Backend(backend_id("web"), _endpoints(own[:endpoints]), Balance.ROUND_ROBIN),
            Backend(backend_id("canary"), _endpoints([other])),
        ]
        self.gate.serve(HostTable(HOST, (route("/", action, Policy(filters=filters)),)), backends=backends)

    def get(self, path: str = "/", cookie: str | None = None) -> tuple[str, str | None]:
        """Who answered, and the cookie that was set."""
        with self.gate.client() as client:
            answer = client.get(HOST, path, *([f"Cookie: a=b; {cookie}"] if cookie else []))
        assert answer.status == 200
        return answer.text, answer.header("set-cookie")


def _endpoints(origins: list[Origin]) -> tuple[Endpoint, ...]:
    return tuple(sorted(Endpoint("127.0.0.1", origin.port) for origin in origins))


@pytest.fixture
def shop(make_gate: Callable[..., Gate]) -> Iterator[Shop]:
    with ExitStack() as stack:
        origins = [stack.enter_context(Origin(f"s{number}")) for number in range(6)]
        yield Shop(make_gate(), origins)


def pair(cookie: str | None) -> str:
    assert cookie is not None
    return cookie.partition(";")[0]


@pytest.mark.parametrize("persistent", [False, True])
def test_a_client_stays_where_it_came_first(shop: Shop, *, persistent: bool) -> None:
    shop.serve(Filters(affinity=Affinity("route", "/x", max_age_s=60, same_site="Lax", persistent=persistent)))
    seen = set()
    for _ in range(20):
        who, cookie = shop.get()
        assert re.fullmatch(
            r"route=[0-9a-f]{16}\.[0-9a-f]{8}; Path=/x; Max-Age=60; SameSite=Lax; HttpOnly", cookie or ""
        )
        assert {shop.get(cookie=pair(cookie)) for _ in range(3)} == {(who, None)}
        seen.add(who)
    assert len(seen) > 1, "clients are spread"


def test_a_persistent_client_stays_when_endpoints_come_and_moves_when_its_own_goes(shop: Shop) -> None:
    filters = Filters(affinity=Affinity("route", "/", persistent=True))
    shop.serve(filters, endpoints=2)
    clients = [shop.get() for _ in range(10)]
    shop.serve(filters, endpoints=5)
    assert [shop.get(cookie=pair(cookie)) for _, cookie in clients] == [(who, None) for who, _ in clients]
    shop.serve(filters, endpoints=1)
    for who, cookie in clients:
        again, new = shop.get(cookie=pair(cookie))
        assert again == "s0"
        assert (new is None) == (who == "s0")


def test_nonsense_in_the_cookie_is_a_new_client(shop: Shop) -> None:
    shop.serve(Filters(affinity=COOKIE))
    for bad in ("route=", "route=x", "route=0123456789abcdef.zzzzzzzz", "route=0123456789abcdef.00000000", "xroute=1"):
        assert shop.get(cookie=bad)[1] is not None, bad


def test_a_client_stays_with_its_canary_and_its_primary(shop: Shop) -> None:
    shop.serve(Filters(affinity=COOKIE), weight=100)
    who, cookie = shop.get()
    assert who == "s5"
    shop.serve(Filters(affinity=COOKIE), weight=0)
    assert shop.get(cookie=pair(cookie)) == ("s5", None)
    who, cookie = shop.get()
    assert who != "s5"
    shop.serve(Filters(affinity=COOKIE), weight=100)
    assert shop.get(cookie=pair(cookie)) == (who, None)


def test_a_canary_without_affinity_gives_no_cookie(shop: Shop) -> None:
    shop.serve(Filters(affinity=Affinity("route", "/")), weight=100)
    assert shop.get() == ("s5", None)


def test_requests_that_agree_in_a_text_meet(shop: Shop) -> None:
    shop.serve(Filters(hash_by="$request_uri"))
    placed = {path: shop.get(path)[0] for path in (f"/{number}" for number in range(30))}
    assert {path: shop.get(path)[0] for path in placed} == placed
    assert len(set(placed.values())) > 1


def test_expires_and_secure(shop: Shop) -> None:
    shop.serve(Filters(affinity=Affinity("route", "/", expires_s=-1, secure=True, domain="a.example")))
    _, cookie = shop.get()
    assert cookie is not None
    assert re.search(
        r"; Expires=\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT; Path=/; Domain=a\.example; HttpOnly; Secure$", cookie
    )
