"""Answers that are compressed, as the options of the ConfigMap ask for it."""

from collections.abc import Callable
from functools import partial

from tests.ingress_nginx.conftest import World
from tests.ingress_nginx.manifests import config_map
from tests.support.coded import decoded
from tests.support.origin import Answer, Request
from tests.support.raw_client import Response
from tests.support.site import until

Start = Callable[..., World]
OWN = "own.example"
PAGE = b"<p>hello</p>\n" * 100
HTML = ("Content-Type", "text/html")
CURL = "User-Agent: curl/7.1"
BOTH = "Accept-Encoding: gzip, deflate, br"


def page(_: Request) -> Answer:
    return Answer(200, (HTML,), (PAGE,))


def read(answer: Response) -> tuple[str | None, bytes]:
    coding = answer.header("content-encoding")
    return coding, decoded(coding, answer.body) if coding else answer.body


def _is_coded(world: World, coding: str | None) -> bool:
    return read(world.get(OWN, "/", BOTH, CURL))[0] == coding


def test_it_begins_and_ends_with_the_next_snapshot(start: Start) -> None:
    world = start(options={})
    world.origins["one"].script = page
    world.add(world.ingress(OWN))
    seen = []
    for options, coding in (
        ({}, None),
        ({"use-gzip": "true"}, "gzip"),
        ({"use-gzip": "true", "enable-brotli": "true"}, "br"),
        ({"use-gzip": "true", "enable-brotli": "true", "brotli-min-length": "5000"}, "gzip"),
        ({"use-gzip": "true", "gzip-min-length": "5000"}, None),
        ({"use-gzip": "true", "gzip-types": "text/css"}, "gzip"),
        ({"enable-brotli": "true", "brotli-level": "11"}, "br"),
        ({"use-gzip": "true", "gzip-disable": "curl/7"}, None),
    ):
        world.configure(options)
        until(partial(_is_coded, world, coding))
        seen.append(read(world.get(OWN, "/", BOTH, CURL)))
        assert read(world.get(OWN)) == (None, PAGE)
    assert {body for _, body in seen} == {PAGE}


def test_a_class_has_its_own(start: Start) -> None:
    world = start(options={"use-gzip": "true"})
    world.origins["one"].script = page
    kind = """
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: plain}
spec:
  controller: k8s.io/ingress-nginx
  parameters: {kind: ConfigMap, name: plain, scope: Namespace, namespace: default}
"""
    other = world.ingress("plain.example").replace("ingressClassName: nginx", "ingressClassName: plain")
    world.add(kind, config_map("plain", {"use-gzip": "false"}), other, world.ingress(OWN))
    assert read(world.get(OWN, "/", BOTH)) == ("gzip", PAGE)
    assert read(world.get("plain.example", "/", BOTH)) == (None, PAGE)


def test_answers_in_place_of_errors_are_compressed_and_those_of_the_gateway_are_not(start: Start) -> None:
    world = start(options={"use-gzip": "true", "gzip-min-length": "1", "custom-http-errors": "404,503"})
    world.add(
        world.ingress(OWN, default_backend="errors"),
        world.ingress("empty.example", "empty", default_backend="errors"),
        world.ingress("closed.example", denylist_source_range="127.0.0.1"),
    )
    world.origins["one"].script = lambda _: Answer(404, (HTML,), (b"own",))
    world.origins["errors"].script = lambda request: Answer(int(request.header("x-code") or 0), (HTML,), (PAGE,))
    assert read(world.get(OWN, "/", BOTH)) == ("gzip", PAGE)
    # As in nginx, which compresses answers with 200, 403 and 404.
    assert read(world.get("empty.example", "/", BOTH)) == (None, PAGE)
    answer = world.get("closed.example", "/", BOTH)
    assert (answer.status, answer.header("content-encoding"), answer.body) == (403, None, b"403 Forbidden\n")
