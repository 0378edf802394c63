"""Options of the ConfigMap, as requests meet them."""

from collections.abc import Callable

from tests.ingress_nginx.conftest import World
from tests.ingress_nginx.manifests import config_map
from tests.support.origin import Answer
from tests.support.raw_client import Response
from tests.support.site import until

Start = Callable[..., World]
OWN = "own.example"


def test_headers_for_backends_and_clients(start: Start) -> None:
    world = start(
        options={
            "proxy-set-headers": "default/to-backends",
            "add-headers": "default/to-clients",
            "hide-headers": "X-Inner",
        }
    )
    world.origins["one"].script = lambda _: Answer(200, (("X-Inner", "x"), ("X-Other", "x"), ("Server", "x")))
    world.add(
        config_map("to-backends", {"X-Client": "$remote_addr", "X-Fixed": "yes"}),
        config_map("to-clients", {"X-Frame-Options": "DENY"}),
        world.ingress(OWN),
        world.ingress("closed.example", denylist_source_range="127.0.0.1"),
    )
    answer = world.get(OWN, "/", "X-Fixed: spoofed")
    asked = world.origins["one"].requests[-1]
    assert (asked.header("x-client"), asked.header("x-fixed")) == ("127.0.0.1", "yes")
    assert answer.header("x-frame-options") == "DENY"
    assert (answer.header("x-inner"), answer.header("x-other"), answer.header("server")) == (None, "x", None)
    assert world.get("closed.example").header("x-frame-options") == "DENY"


def test_headers_of_an_ingress_are_those_that_the_gateway_allows(start: Start) -> None:
    world = start(options={"global-allowed-response-headers": "X-Frame-Options, X-Dollar"})
    world.add(
        config_map("good", {"X-Frame-Options": "DENY", "X-Dollar": "$remote_addr"}),
        config_map("bad", {"X-Frame-Options": "DENY", "X-Own": "x"}),
        world.ingress(OWN, custom_headers="good"),
        world.ingress("forbidden.example", custom_headers="bad"),
        world.ingress("missing.example", custom_headers="nobody"),
        world.ingress("open.example"),
    )
    answer = world.get(OWN)
    assert (answer.header("x-frame-options"), answer.header("x-dollar")) == ("DENY", "$remote_addr")
    statuses = [world.get(host).status for host in ("forbidden.example", "missing.example", "open.example")]
    assert statuses == [503, 503, 200]


def test_statuses_of_redirects_and_limits(start: Start) -> None:
    world = start(options={"http-redirect-code": "301", "limit-req-status-code": "429", "force-ssl-redirect": "true"})
    world.add(
        world.ingress(OWN),
        world.ingress(
            "limited.example",
            ssl_redirect="false",
            force_ssl_redirect="false",
            limit_rpm="1",
            limit_burst_multiplier="1",
        ),
    )
    assert world.get(OWN, "/x").status == 301
    assert [world.get("limited.example").status for _ in range(3)] == [200, 200, 429]


def test_some_paths_are_never_sent_to_https(start: Start) -> None:
    world = start(options={"no-tls-redirect-locations": "/open,/health"})
    paths = ("/", "/open/door", "/health", "/.well-known/acme-challenge")
    world.add(*(world.ingress(OWN, path=path, tls="on") for path in paths))
    assert [world.get(OWN, path).status for path in paths] == [308, 200, 200, 308]
    assert world.get(OWN, "/healthy").status == 308, "the path of the Ingress counts, not that of the request"


def test_no_redirect_to_https_unless_an_ingress_asks_for_it(start: Start) -> None:
    world = start(options={"ssl-redirect": "false"})
    world.add(world.ingress(OWN, tls="on"), world.ingress("asks.example", tls="on", ssl_redirect="true"))
    assert [world.get(host).status for host in (OWN, "asks.example")] == [200, 308]


def test_lists_of_the_gateway_give_way_to_those_of_an_ingress(start: Start) -> None:
    world = start(options={"whitelist-source-range": "198.51.100.0/24"})
    world.add(
        world.ingress(OWN, allowlist_source_range="127.0.0.0/8"),
        world.ingress("strangers.example"),
    )
    assert [world.get(host).status for host in (OWN, "strangers.example")] == [200, 403]


def test_addresses_that_are_blocked_are_blocked_everywhere(start: Start) -> None:
    world = start(options={"block-cidrs": "127.0.0.1"})
    world.add(world.ingress(OWN, allowlist_source_range="127.0.0.0/8"))
    assert world.get(OWN).status == 403


def test_underscores_in_names_of_headers(start: Start) -> None:
    world = start(options={"enable-underscores-in-headers": "true"})
    world.add(world.ingress(OWN))
    world.get(OWN, "/", "X_Under: score")
    assert world.origins["one"].requests[-1].header("x_under") == "score"


def test_a_change_of_the_options_is_served_at_once(start: Start) -> None:
    world = start(options={"proxy-body-size": "1"})
    world.add(world.ingress(OWN), world.ingress("own-limit.example", proxy_body_size="3"))

    def statuses() -> list[int]:
        hosts = (OWN, "own-limit.example")
        return [world.send(host, "POST /", "Content-Length: 2", body=b"xx").status for host in hosts]

    assert statuses() == [413, 200]
    world.configure({"proxy-body-size": "2"})
    until(lambda: statuses() == [200, 200])


def test_backends_get_the_path_that_the_client_sent(start: Start) -> None:
    world = start(options={"proxy-add-original-uri-header": "true"})
    world.add(world.ingress(OWN, rewrite_target="/new"))
    world.get(OWN, "/old/a%20b?c=d", "X-Original-URI: spoofed")
    asked = world.origins["one"].requests[-1]
    assert (asked.target, asked.header("x-original-uri")) == ("/new?c=d", "/old/a%20b?c=d")


def test_a_change_of_how_connections_are_kept_holds_for_one_that_is_open(start: Start) -> None:
    world = start(options={"keep-alive": "300"})
    world.add(world.ingress(OWN))
    with world.client() as client:
        assert client.get(OWN).header("connection") is None
        world.configure({"keep-alive-requests": "1"})
        until(lambda: _first(world).header("connection") == "close")
        answer = client.get(OWN)
        assert (answer.status, answer.header("connection")) == (200, "close")


def _first(world: World) -> Response:
    with world.client() as client:
        return client.get(OWN)


INSIDE = """
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: inside}
spec:
  controller: k8s.io/ingress-nginx
  parameters: {kind: ConfigMap, name: inside, scope: Namespace, namespace: default}
"""


def test_a_class_has_options_of_its_own(start: Start) -> None:
    world = start(options={"add-headers": "default/for-all"})
    world.add(
        INSIDE,
        config_map("for-all", {"X-Of": "all"}),
        config_map("for-inside", {"X-Of": "inside"}),
        config_map("inside", {"add-headers": "default/for-inside", "denylist-source-range": "10.9.9.9"}),
        world.ingress(OWN),
        world.ingress("inside.example").replace("ingressClassName: nginx", "ingressClassName: inside"),
    )
    assert world.get(OWN).header("x-of") == "all"
    assert world.get("inside.example").header("x-of") == "inside"


def test_options_of_a_class_may_come_later_and_change(start: Start) -> None:
    world = start()
    world.add(INSIDE, config_map("inside", {"whitelist-source-range": "10.9.9.9"}), file="class")
    inside = world.ingress("inside.example").replace("ingressClassName: nginx", "ingressClassName: inside")
    world.add(world.ingress(OWN), inside)
    assert (world.get(OWN).status, world.get("inside.example").status) == (200, 403)
    world.add(INSIDE, config_map("inside", {"whitelist-source-range": "127.0.0.0/8"}), file="class")
    assert world.get("inside.example").status == 200
    world.add(INSIDE, file="class")
    assert (world.get(OWN).status, world.get("inside.example").status) == (200, 200)
