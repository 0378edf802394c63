"""What `explain` says is what happens: the same requests, sent for real, reach the upstream as it said they would."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.gateway_process import Gateway
from tests.support.manifests import ingress, put
from tests.support.site import HOST, Site, get
from tests.support.site import site as make_site
from tests.tools.conftest import Run

PREFIX = "nginx.ingress.kubernetes.io"
OURS = {"x-request-id", "x-forwarded-port"}  # a random number, and the port that the system gave


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with make_site(tmp_path) as it:
        rewrite = ingress(
            "rewrite",
            "re.example.com",
            "green",
            path="/old(/|$)(.*)",
            annotations={f"{PREFIX}/rewrite-target": "/new/$2"},
        ).replace("Prefix", "ImplementationSpecific")
        put(it.manifests, "rewrite.yaml", rewrite)
        forced = ingress("forced", "tls.example.com", "green", annotations={f"{PREFIX}/force-ssl-redirect": "true"})
        put(it.manifests, "forced.yaml", forced)
        yield it


@pytest.fixture
def gateway(site: Site) -> Gateway:
    return site.start()


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (f"http://{HOST}/", ()),
        (f"http://{HOST}/a//b/./c%2fd?x=%20&y", ("Cookie: a=b", "X-Real-IP: 6.6.6.6", "X-Forwarded-For: 1.2.3.4")),
        ("http://re.example.com/old/thing%20one?q=1", ("X-Forwarded-Prefix: /x", "Accept: a/b")),
        ("http://re.example.com/OLD/x", ()),
    ],
)
def test_the_upstream_receives_what_was_said(
    url: str, headers: tuple[str, ...], gateway: Gateway, site: Site, sallygate: Run
) -> None:
    flags = [word for header in headers for word in ("-H", header)]
    said = sallygate(
        "explain", url, *flags, "-H=Connection: close", "--client-ip=127.0.0.1", *_from(site), "-o", "json"
    ).json
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    assert get(gateway, parts.netloc, target, *headers).status == 200
    upstream = site.green if said["target"]["backend"].endswith("green:80") else site.blue
    got = upstream.requests[-1]
    first, *lines = said["outcome"]["head"].rstrip("\r\n").split("\r\n")
    assert first == f"{got.method} {got.target} HTTP/1.1"
    told = [line.partition(": ")[::2] for line in lines]
    assert [one for one in told if one[0].lower() not in OURS] == [
        one for one in got.headers if one[0].lower() not in OURS
    ]


@pytest.mark.parametrize(
    "url",
    ["http://tls.example.com/a?b=c", "http://nobody.example.net/", f"http://{HOST}/%zz", "http://re.example.com/"],
)
def test_what_the_gateway_answers_itself_is_what_was_said(
    url: str, gateway: Gateway, site: Site, sallygate: Run
) -> None:
    said = sallygate("explain", url, *_from(site), "-o", "json").json["outcome"]
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    answer = get(gateway, parts.netloc, target)
    assert answer.status == said["status"]
    assert answer.header("location") == said.get("location")


def _from(site: Site) -> list[str]:
    maps = [f"--map=default/{each.name}={each.address}" for each in (site.blue, site.green)]
    return [*maps, "-f", str(site.manifests)]
