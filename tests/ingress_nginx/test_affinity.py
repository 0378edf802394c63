"""Clients that stay on one endpoint, requests that share a few, and what becomes of them when one fails."""

from collections.abc import Iterator

import pytest

from tests.ingress_nginx.conftest import World
from tests.support.manifests import service, slices
from tests.support.origin import Answer
from tests.support.raw_client import Response

IPHONE_12 = "Mozilla/5.0 (iPhone; CPU iPhone OS 12_4 like Mac OS X) AppleWebKit/605.1.15 Version/12.1.2 Safari/604.1"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def name(world: World) -> Iterator[str]:
    """A Service with three endpoints, all sound again afterwards."""
    name = world.host().partition(".")[0]
    world.add(service(name), slices(name, *(origin.address for origin in world.origins.values())))
    scripts = {key: origin.script for key, origin in world.origins.items()}
    yield name
    for key, script in scripts.items():
        world.origins[key].script = script


def cookie(response: Response) -> str | None:
    line = response.header("Set-Cookie")
    return line.partition(";")[0] if line else None


@pytest.mark.parametrize("mode", ["balanced", "persistent"])
def test_a_client_whose_endpoint_fails_is_led_to_another_one_from_then_on(world: World, name: str, mode: str) -> None:
    host = world.host()
    affinity = {"affinity": "cookie", "affinity_mode": mode, "session_cookie_change_on_failure": "true"}
    world.add(world.ingress(host, name, **affinity))
    first = world.get(host)
    held = cookie(first)
    assert held is not None
    sound = world.origins[first.text].script
    world.origins[first.text].script = lambda _: Answer(reset=True)
    second = world.get(host, "/", f"Cookie: {held}")
    assert second.status == 200
    assert second.text != first.text
    moved = cookie(second)
    assert moved not in (None, held)
    world.origins[first.text].script = sound
    for _ in range(10):
        again = world.get(host, "/", f"Cookie: {moved}")
        assert (again.text, cookie(again)) == (second.text, None)


def test_without_that_the_cookie_stays(world: World, name: str) -> None:
    host = world.host()
    world.add(world.ingress(host, name, affinity="cookie"))
    first = world.get(host)
    sound = world.origins[first.text].script
    world.origins[first.text].script = lambda _: Answer(reset=True)
    second = world.get(host, "/", f"Cookie: {cookie(first)}")
    assert (second.status, cookie(second)) == (200, None)
    assert second.text != first.text
    world.origins[first.text].script = sound
    assert world.get(host, "/", f"Cookie: {cookie(first)}").text == first.text


def test_same_site_none_is_left_out_for_browsers_that_mistake_it(world: World) -> None:
    always, by_browser, lax = world.host(), world.host(), world.host()
    conditional = {"affinity": "cookie", "session_cookie_conditional_samesite_none": "true"}
    world.add(
        world.ingress(always, affinity="cookie", session_cookie_samesite="None"),
        world.ingress(by_browser, session_cookie_samesite="None", **conditional),
        world.ingress(lax, session_cookie_samesite="Lax", **conditional),
    )

    def same_site(host: str, *headers: str) -> str:
        line = world.get(host, "/", *headers).header("Set-Cookie") or ""
        return next((part for part in line.split("; ") if part.startswith("SameSite=")), "")

    assert same_site(always, f"User-Agent: {IPHONE_12}") == "SameSite=None"
    assert same_site(by_browser, f"User-Agent: {IPHONE_12}") == ""
    assert same_site(by_browser, f"User-Agent: {FIREFOX}") == "SameSite=None"
    assert same_site(by_browser) == "SameSite=None"
    assert same_site(lax, f"User-Agent: {IPHONE_12}") == "SameSite=Lax"


def test_a_hash_chooses_one_endpoint_or_a_few(world: World, name: str) -> None:
    one, few = world.host(), world.host()
    by = {"upstream_hash_by": "$request_uri"}
    subset = {"upstream_hash_by_subset": "true", "upstream_hash_by_subset_size": "2"}
    world.add(world.ingress(one, name, **by), world.ingress(few, name, **by, **subset))
    for path in ("/a", "/b", "/c"):
        assert len({world.get(one, path).text for _ in range(10)}) == 1
        # The chance that one of the two gets none of 100 is 2^-99.
        assert len({world.get(few, path).text for _ in range(100)}) == 2
    # The hash of a text is the same everywhere: who answers these is no matter of chance.
    assert len({world.get(one, f"/{number}").text for number in range(100)}) == len(world.origins)


@pytest.mark.parametrize("behaviour", ["sticky", "legacy"])
def test_a_client_of_a_canary_stays_with_it_unless_that_is_not_wanted(world: World, behaviour: str) -> None:
    host = world.host()
    primary = world.ingress(host, affinity="cookie", affinity_canary_behavior=behaviour)
    canary = world.ingress(host, "two", canary="true", canary_weight="WEIGHT")

    def weigh(weight: int) -> None:
        world.add(primary, canary.replace("WEIGHT", str(weight)), file=host)

    weigh(100)
    first = world.get(host)
    assert first.text == "two"
    held = cookie(first)
    assert (held is None) == (behaviour == "legacy")
    weigh(0)
    headers = [f"Cookie: {held}"] if held else []
    assert {world.get(host, "/", *headers).text for _ in range(5)} == {"one" if behaviour == "legacy" else "two"}
    first = world.get(host)
    assert first.text == "one"
    weigh(100)
    again = {world.get(host, "/", f"Cookie: {cookie(first)}").text for _ in range(5)}
    assert again == {"two" if behaviour == "legacy" else "one"}


def test_a_persistent_client_stays_when_endpoints_come(world: World) -> None:
    host = world.host()
    name = host.partition(".")[0]
    addresses = [origin.address for origin in world.origins.values()]
    world.add(service(name), world.ingress(host, name, affinity="cookie", affinity_mode="persistent"))
    world.add(slices(name, addresses[0]), file=name)
    first = world.get(host)
    world.add(slices(name, *addresses), file=name)
    assert len({world.get(host).text for _ in range(100)}) == len(addresses)
    for _ in range(20):
        again = world.get(host, "/", f"Cookie: {cookie(first)}")
        assert (again.text, cookie(again)) == (first.text, None)
