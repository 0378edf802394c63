"""Whatever is written to protect a route, no request gets further than the values allow, read by somebody else.

Mixtures of annotations that keep requests out, each as it should be or damaged, are served by a real gateway, and
requests with and without credentials are sent to them. What may pass is said by a model that knows the rules of
ingress-nginx, but no code of ours: a damaged value that it cannot read lets nobody pass, unless its default does.
"""

import ipaddress
import re
import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.ingress_nginx.conftest import PREFIX, World
from tests.ingress_nginx.manifests import ingress, path, rule
from tests.ingress_nginx.test_access import HERE, SHA1, basic, secret
from tests.support.manifests import opaque
from tests.support.origin import Answer, Request
from tests.support.pki import Authority
from tests.support.raw_client import RawClient, Response

ROUNDS, TOGETHER = 20, 20
CN = "good.example"
GOOD = {
    "allowlist-source-range": f"{HERE}, 10.0.0.0/8",
    "whitelist-source-range": HERE,
    "denylist-source-range": "10.0.0.0/8,2001:db8::/32",
    "auth-type": "basic",
    "auth-secret": "protection-users",
    "auth-secret-type": "auth-file",
    "auth-realm": "Staff only",
    "auth-url": "http://auth.default.svc.cluster.local/verify",
    "auth-method": "GET",
    "auth-response-headers": "X-User, X-Group",
    "auth-proxy-set-headers": "protection-told",
    "auth-cache-key": "$http_x_token",
    "auth-cache-duration": "200 401 5m",
    "satisfy": "all",
    "limit-rps": "1000",
    "limit-rpm": "60000",
    "limit-connections": "100",
    "limit-burst-multiplier": "5",
    "limit-allowlist": "10.0.0.0/8",
    "auth-tls-secret": "default/protection-authority",
    "auth-tls-verify-client": "on",
    "auth-tls-verify-depth": "1",
    "auth-tls-match-cn": f"CN={CN}",
}
OTHERS = {
    "allowlist-source-range": ("10.0.0.0/8", "::1", "127.0.0.1"),
    "denylist-source-range": (HERE, "::/0"),
    "auth-secret-type": ("auth-map",),
    "auth-type": ("digest",),
    "satisfy": ("any",),
    "auth-tls-verify-client": ("off", "optional", "optional_no_ca"),
    "auth-tls-match-cn": ("CN=other.example", "CN=.*"),
}
# Damage: what a slip of the finger makes, what looks like something else, and what would end a line of configuration.
ODD = [*"0 9/,.;:$\"'{}()*#~%\\-_aZé\n\t", "\uff11", "\u0663", "\u200b", "//", "/0", "/33", "0.0.0.0/0", "any", "off"]


@st.composite
def damaged(draw: st.DrawFn, good: str) -> str:
    at = draw(st.integers(0, len(good)))
    piece = draw(st.sampled_from(ODD))
    ways: tuple[Callable[[], str], ...] = (
        lambda: good[:at],
        lambda: good[:at] + good[at + 1 :],
        lambda: good[:at] + piece + good[at:],
        lambda: good[:at] + piece + good[at + 1 :],
        good.swapcase,
        lambda: f" {good}\n",
        lambda: f"{good},{good}",
        lambda: draw(st.sampled_from(sorted(GOOD.values()))),
    )
    return draw(st.sampled_from(ways))()


@st.composite
def mixtures(draw: st.DrawFn) -> dict[str, str]:
    names = draw(st.lists(st.sampled_from(sorted(GOOD)), min_size=1, max_size=8, unique=True))
    if draw(st.booleans()) and not {"auth-type", "auth-secret"}.isdisjoint(names):
        names = sorted({*names, "auth-type", "auth-secret"})
    broken = set(draw(st.lists(st.sampled_from(names), max_size=2)))

    def value(name: str) -> str:
        if name in broken:
            return draw(damaged(GOOD[name]))
        return draw(st.sampled_from((GOOD[name], GOOD[name], *OTHERS.get(name, ()))))

    return {name: value(name) for name in names}


class Probe(NamedTuple):
    """One request from 127.0.0.1: what it brings along, and how it comes."""

    password: bool
    token: bool
    way: str  # "plain", "tls" or "certificate"


PROBES = [Probe(*each) for each in product((False, True), (False, True), ("plain", "tls", "certificate"))]
HAS_ALL = Probe(password=True, token=True, way="certificate")


def passes(mixture: Mapping[str, str], probe: Probe) -> bool:
    """May this request reach the backend?"""
    notes = {name: text for name, value in mixture.items() if (text := _trimmed(value))}
    if any(name in notes and re.fullmatch("[+-]?[0-9]+", notes[name]) is None for name in _NUMBERS):
        return False
    if "limit-allowlist" in notes and _networks(notes["limit-allowlist"]) is None:
        return False
    if notes.get("auth-secret-type", "auth-file") not in ("auth-file", "auth-map"):
        return False
    if "auth-url" in notes and notes.get("auth-proxy-set-headers", "protection-told") not in _told("protection-told"):
        return False
    if "auth-method" in notes and notes["auth-method"] not in _METHODS:
        return False
    if not _certificate_passes(notes, probe):
        return False
    words: list[bool] = []
    addresses = _addresses_pass(notes)
    if addresses is not None:
        words.append(addresses)
    if "auth-type" in notes:
        if notes["auth-type"] != "basic" or notes.get("auth-secret") not in _told("protection-users"):
            return False
        words.append(probe.password and notes.get("auth-secret-type", "auth-file") == "auth-file")
    if "auth-url" in notes:
        words.append(probe.token)
    if notes.get("satisfy") == "any" and words:
        return any(words) and not (addresses is False and _networks_of(notes) is None)
    return all(words)


_NUMBERS = ("limit-rps", "limit-rpm", "limit-connections", "limit-burst-multiplier")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def _told(name: str) -> tuple[str, str]:
    return (name, f"default/{name}")


def _trimmed(value: str) -> str:
    return "\n".join(line.strip() for line in value.splitlines()).strip()


def _networks(text: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network] | None:
    """None if any of them cannot be read."""
    try:
        return [ipaddress.ip_network(one.strip(), strict=False) for one in text.split(",") if one.strip()]
    except ValueError:
        return None


def _networks_of(notes: Mapping[str, str]) -> list[object] | None:
    """All of both lists; None if one cannot be read."""
    lists = [_networks(notes.get(name, "")) for name in ("allowlist-source-range", "denylist-source-range")]
    return None if None in lists else [one for each in lists for one in each or ()]


def _addresses_pass(notes: Mapping[str, str]) -> bool | None:
    """Is 127.0.0.1 served? None if nobody asks."""
    here = ipaddress.ip_address("127.0.0.1")
    allowed = notes.get("allowlist-source-range") or notes.get("whitelist-source-range")
    denied = notes.get("denylist-source-range")
    if allowed is None and denied is None:
        return None
    some, none = _networks(allowed or "0.0.0.0/0"), _networks(denied or "")
    if some is None or none is None:
        return False
    return any(here in one for one in some) and not any(here in one for one in none)


def _certificate_passes(notes: Mapping[str, str], probe: Probe) -> bool:
    asked = notes.get("auth-tls-secret")
    if asked is None:
        return True
    if asked != "default/protection-authority":
        return False
    subject = notes.get("auth-tls-match-cn")
    if subject is not None and not _fits(subject):
        return False
    lax = notes.get("auth-tls-verify-client") in ("off", "optional", "optional_no_ca")
    return probe.way == "certificate" or lax


def _fits(subject: str) -> bool:
    try:
        return subject.startswith("CN=") and re.search(subject, f"CN={CN}") is not None
    except re.error:
        return False


@pytest.fixture(scope="module")
def keys(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the annotations refer to. The file of a client's certificate and key."""
    authority = Authority("protection")
    pair = tmp_path_factory.mktemp("protection") / "client.pem"
    pair.write_bytes(b"".join(authority.issue(CN)))
    told = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: protection-told}\ndata: {X-Told: a}\n"
    world.add(
        secret("protection-users", "auth", f"ann:{SHA1}"),
        opaque("protection-authority", {"ca.crt": authority.pem}),
        told,
    )
    return pair


def document(host: str, mixture: Mapping[str, str]) -> str:
    notes = {f"{PREFIX}/{name}": value for name, value in {**mixture, "ssl-redirect": "false"}.items()}
    return ingress(host.partition(".")[0], rule(host, path("/")), notes=notes, tls=[{"hosts": [host]}])


def ask(world: World, keys: Path, host: str, probe: Probe) -> Response:
    headers = [basic("ann:secret" if probe.password else "ann:wrong")]
    headers += ["X-Token: good"] if probe.token else []
    if probe.way == "plain":
        return world.get(host, "/", *headers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if probe.way == "certificate":
        context.load_cert_chain(keys)
    with RawClient(world.gateway.address("https"), tls=context, server_name=host) as client:
        return client.get(host, "/", *headers)


def decides(request: Request) -> Answer:
    return Answer(200 if request.header("x-token") == "good" else 401)


def test_no_mixture_is_more_open_than_its_values_say(world: World, keys: Path) -> None:
    auth, statuses = world.origins["auth"], Counter[int]()
    before, auth.script = auth.script, decides

    @settings(
        max_examples=ROUNDS,
        derandomize=True,  # the same ones each time: a gateway is no place to find something once
        database=None,
        deadline=None,
        phases=(Phase.generate,),  # what fails is shown as it is: each attempt to make it smaller would take a second
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(mixtures(), min_size=TOGETHER, max_size=TOGETHER))
    def together(some: list[dict[str, str]]) -> None:
        hosts = {world.host(): mixture for mixture in some}
        name = world.add(*(document(host, mixture) for host, mixture in hosts.items()))
        for host, mixture in hosts.items():
            for probe in PROBES:
                answer = ask(world, keys, host, probe)
                statuses[answer.status] += 1
                assert answer.status != 404, mixture
                assert answer.text != "one" or passes(mixture, probe), (mixture, probe)
        world.remove(name)

    try:
        together()
    finally:
        auth.script = before
    assert sum(statuses.values()) >= ROUNDS * TOGETHER * len(PROBES), "as many as were wanted"
    assert min(statuses[status] for status in (200, 400, 401, 403, 503)) > ROUNDS, "of all kinds"


@pytest.mark.parametrize("name", GOOD)
def test_each_protection_lets_those_pass_that_it_should(world: World, keys: Path, name: str) -> None:
    """The model is no wall: alone and all together, what is right passes, as it says."""
    auth, host, alone = world.origins["auth"], world.host(), world.host()
    before, auth.script = auth.script, decides
    every = {one: value for one, value in GOOD.items() if one != "whitelist-source-range"}
    needed = {one: GOOD[one] for one in _NEEDS.get(name, ()) if one != name}
    world.add(document(host, every | {name: GOOD[name]}), document(alone, needed | {name: GOOD[name]}))
    try:
        for one in (host, alone):
            assert ask(world, keys, one, HAS_ALL).text == "one"
        assert passes(every, HAS_ALL)
    finally:
        auth.script = before


_NEEDS = {
    "auth-type": ("auth-secret",),
    "auth-secret": ("auth-type",),
    "auth-realm": ("auth-type", "auth-secret"),
    "auth-secret-type": ("auth-type", "auth-secret"),
}
