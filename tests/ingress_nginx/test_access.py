"""Who is let in: addresses, passwords, limits, and what they have to do with each other."""

import base64
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from tests.ingress_nginx.conftest import World
from tests.support.origin import Answer, Origin

HERE = "127.0.0.0/8"
ELSEWHERE = "192.0.2.0/24"
SHA1 = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="  # of "secret", as all the others
HASHES = {
    "sha1": SHA1,
    "apr1": "$apr1$r31....$gnsoqlxyxQQ0Ot5JCwiei.",
    "sha256": "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
    "bcrypt": "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
}


def secret(name: str, key: str, text: str) -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\nstringData:\n  {key}: '{text}'\n"


def basic(pair: str) -> str:
    return f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    ("annotations", "status"),
    [
        ({"allowlist_source_range": HERE}, 200),
        ({"allowlist_source_range": ELSEWHERE}, 403),
        ({"whitelist_source_range": ELSEWHERE}, 403),
        ({"whitelist_source_range": ELSEWHERE, "allowlist_source_range": HERE}, 200),
        ({"denylist_source_range": ELSEWHERE}, 200),
        ({"denylist_source_range": "127.0.0.1", "allowlist_source_range": HERE}, 403),
        ({"allowlist_source_range": "0.0.0.0/0,::/0"}, 200),
        ({"allowlist_source_range": "127.0.0.0/99"}, 503),
    ],
)
def test_addresses(world: World, annotations: dict[str, str], status: int) -> None:
    host = world.host()
    world.add(world.ingress(host, **annotations))
    assert world.get(host, "/", "X-Forwarded-For: 192.0.2.1").status == status


@pytest.mark.parametrize("kind", HASHES)
def test_a_password_is_asked_for(world: World, one: Origin, kind: str) -> None:
    host = world.host()
    world.add(
        secret(f"users-{kind}", "auth", f"ann:{HASHES[kind]}"),
        world.ingress(host, auth_type="basic", auth_secret=f"users-{kind}", auth_realm="Staff only"),
    )
    before = len(one.requests)
    answer = world.get(host)
    assert (answer.status, answer.header("www-authenticate")) == (401, 'Basic realm="Staff only"')
    for wrong in ("ann:wrong", "ann:", "eve:secret", ":secret"):
        assert world.get(host, "/", basic(wrong)).status == 401, wrong
    assert len(one.requests) == before
    for _ in range(3):
        assert world.get(host, "/", basic("ann:secret")).text == "one"
    assert one.requests[-1].header("authorization") is None
    assert world.get(host, "/", basic("ann:wrong")).status == 401, "whatever is remembered"


def test_a_key_per_user_and_a_secret_that_is_not_there(world: World) -> None:
    mapped, missing = world.host(), world.host()
    world.add(
        secret("map", "ann", SHA1),
        world.ingress(mapped, auth_type="basic", auth_secret="map", auth_secret_type="auth-map"),
        world.ingress(missing, auth_type="basic", auth_secret="nobody"),
    )
    assert world.get(mapped, "/", basic("ann:secret")).status == 200
    assert world.get(mapped).status == 401
    assert world.get(missing, "/", basic("ann:secret")).status == 503


def test_users_that_cannot_be_read_are_wrong(world: World) -> None:
    lines, mapped = world.host(), world.host()
    world.add(
        secret("nonsense", "auth", "nonsense"),
        secret("nonsense-map", "ann", "nonsense"),
        world.ingress(lines, auth_type="basic", auth_secret="nonsense"),
        world.ingress(mapped, auth_type="basic", auth_secret="nonsense-map", auth_secret_type="auth-map"),
    )
    for host in (lines, mapped):
        assert [world.get(host).status, world.get(host, "/", basic("ann:secret")).status] == [401, 401]


def test_a_password_is_asked_for_by_https_only_and_after_the_addresses(world: World) -> None:
    host, stranger = world.host(), world.host()
    auth = {"auth_type": "basic", "auth_secret": "order"}
    world.add(
        secret("order", "auth", f"ann:{SHA1}"),
        world.ingress(host, tls="on", **auth),
        world.ingress(stranger, allowlist_source_range=ELSEWHERE, **auth),
    )
    assert world.get(host).status == 308
    assert world.get(stranger, "/", basic("ann:secret")).status == 403


def test_either_is_enough_where_any_satisfies(world: World) -> None:
    inside, outside = world.host(), world.host()
    auth = {"auth_type": "basic", "auth_secret": "either", "satisfy": "any"}
    world.add(
        secret("either", "auth", f"ann:{SHA1}"),
        world.ingress(inside, allowlist_source_range=HERE, **auth),
        world.ingress(outside, allowlist_source_range=ELSEWHERE, **auth),
    )
    assert world.get(inside).status == 200
    assert world.get(outside).status == 401
    assert world.get(outside, "/", basic("ann:secret")).status == 200


def test_many_wait_for_their_passwords_while_others_are_served(world: World) -> None:
    host, free = world.host(), world.host()
    world.add(
        secret("busy", "auth", f"ann:{HASHES['sha256']}"),
        world.ingress(host, auth_type="basic", auth_secret="busy"),
        world.ingress(free),
    )
    with ThreadPoolExecutor(16) as pool:
        right = [pool.submit(world.get, host, "/", basic("ann:secret")) for _ in range(16)]
        wrong = [pool.submit(world.get, host, "/", basic(f"ann:{number}")) for number in range(16)]
        assert world.get(free).status == 200
        assert {one.result().status for one in right} == {200}
        assert {one.result().status for one in wrong} == {401}


def test_requests_per_minute_with_a_burst(world: World) -> None:
    host, exempt, alias = world.host(), world.host(), world.host()
    world.add(
        world.ingress(host, limit_rpm="1", limit_burst_multiplier="3"),
        world.ingress(exempt, limit_rpm="1", limit_allowlist=HERE),
        world.ingress(alias, limit_rpm="1", limit_burst_multiplier="1", limit_whitelist=ELSEWHERE),
    )
    assert [world.get(host).status for _ in range(6)] == [200, 200, 200, 200, 503, 503]
    assert {world.get(exempt).status for _ in range(10)} == {200}
    assert [world.get(alias).status for _ in range(3)] == [200, 200, 503]


def test_requests_at_a_time(world: World, one: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, limit_connections="2"))
    one.gate = Event()
    try:
        with ThreadPoolExecutor(2) as pool:
            held = [pool.submit(world.get, host) for _ in range(2)]
            for _ in held:
                assert one.waiting.acquire(timeout=15)
            assert world.get(host).status == 503
            one.gate.set()
            assert [each.result().status for each in held] == [200, 200]
    finally:
        one.gate = None
    assert world.get(host).status == 200


def test_a_request_that_is_refused_is_counted(world: World, one: Origin) -> None:
    host = world.host()
    one.script = lambda _: Answer(200)
    world.add(
        secret("counted", "auth", f"ann:{SHA1}"),
        world.ingress(
            host,
            auth_type="basic",
            auth_secret="counted",
            limit_rpm="1",
            limit_burst_multiplier="1",
        ),
    )
    statuses = [world.get(host, "/", basic(f"ann:{number}")).status for number in range(4)]
    assert statuses == [401, 401, 503, 503]


def test_requests_per_second_with_the_usual_burst(world: World) -> None:
    host = world.host()
    world.add(world.ingress(host, limit_rps="1"))
    with world.client() as client:
        statuses = [client.get(host).status for _ in range(60)]
    # However slow this machine is: the sixth of them comes at once, and one more each second.
    assert statuses[:6] == [200] * 6
    assert set(statuses) == {200, 503}
