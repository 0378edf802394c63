"""Which Ingress has a path, when several want it, when one of them is wrong, and when none has it."""

import pytest

from tests.ingress_nginx.conftest import PREFIX, World
from tests.ingress_nginx.manifests import certificate, ingress, path, rule
from tests.ingress_nginx.test_access import SHA1, secret
from tests.support.origin import Answer
from tests.support.site import until

ELSEWHERE = {f"{PREFIX}/allowlist-source-range": "198.51.100.0/24"}


def test_the_oldest_has_a_path_and_the_next_one_when_it_goes(world: World) -> None:
    host = world.host()
    older = world.add(ingress(f"z-{host}", rule(host, path("/", "one")), born=1))
    world.add(ingress(f"a-{host}", rule(host, path("/", "two"), path("/more", "two")), born=2))
    assert world.get(host).text == "one"
    assert world.get(host, "/more").text == "two", "of the younger one only the path that is taken is left out"
    world.remove(older)
    until(lambda: world.get(host).text == "two")


def test_names_decide_between_equally_old(world: World) -> None:
    host = world.host()
    world.add(ingress(f"a-{host}", rule(host, path("/", "one"))), ingress(f"b-{host}", rule(host, path("/", "two"))))
    assert world.get(host).text == "two", "the last of the names, as in ingress-nginx"


def test_paths_of_several_ingresses_and_namespaces_make_one_host(world: World) -> None:
    host = world.host()
    world.add(
        ingress(f"root-{host}", rule(host, path("/"))),
        ingress(f"api-{host}", rule(host, path("/api", "two"))),
        ingress(f"far-{host}", rule(host, path("/far", "nobody")), namespace="far"),
    )
    assert [world.get(host, text).text for text in ("/x", "/api/x", "/apis")] == ["one", "two", "one"]
    assert world.get(host, "/far").status == 503, "a Service is looked for beside its Ingress"


def test_what_lies_in_another_namespace_is_not_reached(world: World) -> None:
    host, shown = world.host(), world.host()
    world.add(
        secret("far-users", "auth", f"ann:{SHA1}").replace("name: far-users", "name: far-users, namespace: far"),
        certificate("far-pair", shown).replace("namespace: default", "namespace: far"),
        world.ingress(host, auth_type="basic", auth_secret="far/far-users"),
        ingress(f"t-{shown}", rule(shown, path("/")), tls=[{"hosts": [shown], "secretName": "far/far-pair"}]),
    )
    assert world.get(host, "/", "Authorization: Basic YW5uOnNlY3JldA==").status == 503
    assert shown not in world.shown(shown)
    world.gateway.err.wait("GW268 .*far/far-pair")


def test_an_ingress_without_a_host_is_for_hosts_that_nobody_has(world: World) -> None:
    host = world.host()
    world.add(ingress(f"for-all-{host}", rule("", path(f"/{host}", "two"))), world.ingress(host, path="/own"))
    assert world.get("nobody.example.org", f"/{host}").text == "two"
    assert world.get("192.0.2.1", f"/{host}/x").text == "two"
    assert world.get("nobody.example.org", "/").status == 404
    assert world.get(host, "/own").text == "one"
    assert world.get(host, f"/{host}").status == 404, "a host that somebody has is theirs alone"


def test_a_path_without_a_type_is_by_element(world: World) -> None:
    host = world.host()
    world.add(ingress(f"plain-{host}", rule(host, path("/a", kind=None))))
    assert [world.get(host, text).status for text in ("/a", "/a/b", "/ab")] == [200, 200, 404]


def test_a_resource_in_place_of_a_service_is_not_found(world: World) -> None:
    host = world.host()
    bucket = {"resource": {"apiGroup": "example.com", "kind": "Bucket", "name": "files"}}
    world.add(ingress(f"r-{host}", rule(host, path("/"), {"path": "/files", "pathType": "Prefix", "backend": bucket})))
    assert world.get(host, "/files").status == 404
    assert world.get(host, "/x").status == 200


@pytest.mark.parametrize("wrong", ["/x;alias /etc", "/foo(.*)", "/a\u0000b", "relative", "//twice", "/a/../b"])
def test_a_path_that_cannot_be_is_left_out_alone(world: World, wrong: str) -> None:
    host = world.host()
    world.add(ingress(f"w-{host}", rule(host, path(wrong, "two"), path("/good"))))
    assert world.get(host, "/good").status == 200
    for text in ("/x", "/foo", "/foo/x", "/relative", "/twice", "/b", "/x;alias"):
        assert world.get(host, text).status == 404, text


def test_an_ingress_that_is_wrong_harms_no_other(world: World) -> None:
    host, sibling = world.host(), world.host()
    world.add(
        ingress(f"no-host-{host}", rule("not a host!", path("/"))),
        ingress(f"no-service-{host}", rule(host, {"path": "/b", "pathType": "Prefix", "backend": {}})),
        ingress(f"closed-{host}", rule(host, path("/c")), notes={f"{PREFIX}/limit-rps": "many"}),
        ingress(f"good-{host}", rule(host, path("/")), rule(sibling, path("/"))),
    )
    assert world.get(host).status == 200
    assert world.get(sibling).status == 200
    assert world.get(host, "/b").status == 503
    assert world.get(host, "/c").status == 503


def test_a_challenge_beside_a_rewritten_root_is_left_as_it_is(world: World) -> None:
    host = world.host()
    challenge = "/.well-known/acme-challenge/token"
    world.add(
        ingress(
            f"app-{host}",
            rule(host, path("/(.*)", kind="ImplementationSpecific")),
            notes={f"{PREFIX}/rewrite-target": "/app/$1"},
        ),
        ingress(f"solver-{host}", rule(host, path(challenge, "two", "Exact"))),
    )
    world.get(host, "/x")
    assert world.origins["one"].requests[-1].target == "/app/x"
    assert world.get(host, challenge).text == "two"
    assert world.origins["two"].requests[-1].target == challenge


def test_an_alias_is_for_all_paths_of_its_host_and_never_for_a_host_of_its_own(world: World) -> None:
    host, alias, taken = world.host(), world.host(), world.host()
    world.add(
        world.ingress(host, server_alias=f"{alias},{taken}"),
        world.ingress(host, "two", path="/sibling"),
        world.ingress(taken, "two"),
    )
    assert world.get(alias).text == "one"
    assert world.get(alias, "/sibling").text == "two"
    assert world.get(taken).text == "two"


class TestUnmatched:
    """A path that nobody has, on a host that somebody has, is judged as the paths of its oldest Ingress are."""

    def test_it_is_not_found(self, world: World) -> None:
        host = world.host()
        world.add(world.ingress(host, path="/only"))
        assert world.get(host, "/x").status == 404

    def test_a_password_is_asked_for(self, world: World) -> None:
        host = world.host()
        world.add(
            secret("unmatched", "auth", f"ann:{SHA1}"),
            world.ingress(host, path="/only", auth_type="basic", auth_secret="unmatched"),
        )
        assert world.get(host, "/x").status == 401
        assert world.get(host, "/x", "Authorization: Basic YW5uOnNlY3JldA==").status == 404

    def test_addresses_are_refused(self, world: World) -> None:
        host = world.host()
        world.add(ingress(f"list-{host}", rule(host, path("/only")), notes=ELSEWHERE))
        assert world.get(host, "/x").status == 403

    def test_it_is_sent_to_https(self, world: World) -> None:
        host = world.host()
        world.add(world.ingress(host, path="/only", tls="on"))
        assert world.get(host, "/x").header("location") == f"https://{host}/x"
        assert world.get_tls(host, "/x").status == 404

    def test_it_is_redirected_as_the_others_are(self, world: World) -> None:
        host = world.host()
        world.add(world.ingress(host, path="/only", permanent_redirect="https://new.example/"))
        assert world.get(host, "/x").header("location") == "https://new.example/"

    def test_a_preflight_is_answered(self, world: World) -> None:
        host = world.host()
        world.add(world.ingress(host, path="/only", enable_cors="true"))
        assert world.send(host, "OPTIONS /x", "Origin: https://a.example").status == 204

    def test_the_page_of_an_error_is_shown(self, world: World) -> None:
        host = world.host()
        world.add(world.ingress(host, path="/only", custom_http_errors="404", default_backend="errors"))
        world.origins["errors"].script = lambda _: Answer(404, (), (b"page",))
        answer = world.get(host, "/x")
        assert (answer.status, answer.text) == (404, "page")
        assert world.origins["errors"].requests[-1].header("x-original-uri") == "/x"

    def test_the_oldest_decides(self, world: World) -> None:
        host = world.host()
        world.add(
            ingress(f"old-{host}", rule(host, path("/old")), born=1),
            ingress(f"new-{host}", rule(host, path("/new")), notes=ELSEWHERE, born=2),
        )
        assert [world.get(host, text).status for text in ("/old", "/new", "/x")] == [200, 403, 404]
