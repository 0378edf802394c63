"""auth-tls-*: real authorities, real certificates, real handshakes."""

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.ingress_nginx.conftest import World
from tests.support.manifests import opaque
from tests.support.origin import Origin
from tests.support.pki import Authority
from tests.support.raw_client import RawClient, Response
from tests.support.site import until

NAMES = ("ssl-client-verify", "ssl-client-subject-dn", "ssl-client-issuer-dn", "ssl-client-cert")
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class Site:
    """A host that asks for certificates, and those that clients have."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.authority = Authority("clients")
        self.secret = f"clients-{world.host().partition('.')[0]}"

    def protect(self, host: str, crl: bytes = b"", **annotations: str) -> None:
        self.store({"ca.crt": self.authority.pem} | ({"ca.crl": crl} if crl else {}))
        asked = {"auth_tls_secret": f"default/{self.secret}"} | annotations
        self.world.add(self.world.ingress(host, tls="yes", **asked))

    def store(self, data: Mapping[str, bytes]) -> None:
        self.world.add(opaque(self.secret, data), file=self.secret)

    def context(
        self, pair: tuple[bytes, bytes] | None = None, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        if pair:
            path = self.folder / "client.pem"
            path.write_bytes(b"".join(pair))
            context.load_cert_chain(path)
        return context

    def client(self, host: str | None, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> RawClient:
        address = self.world.gateway.address("https")
        return RawClient(address, tls=context, server_name=host, session=session)

    def get(self, host: str, pair: tuple[bytes, bytes] | None = None, path: str = "/", *extra: str) -> Response:
        with self.client(host, self.context(pair)) as client:
            return client.get(host, path, *extra)


@pytest.fixture
def site(world: World, tmp_path: Path) -> Site:
    return Site(world, tmp_path)


def told(origin: Origin) -> dict[str, str | None]:
    """What the backend was told of the last client."""
    request = origin.requests[-1]
    sent = [name.lower() for name, _ in request.headers]
    assert all(sent.count(name) <= 1 for name in NAMES)
    return {name.removeprefix("ssl-client-"): request.header(name) for name in NAMES}


@pytest.mark.parametrize("version", VERSIONS)
def test_only_a_certificate_of_the_authority_is_let_in(site: Site, one: Origin, version: ssl.TLSVersion) -> None:
    host = site.world.host()
    site.protect(host)
    good, stranger = site.authority.issue("good.example"), Authority("stranger").issue("good.example")
    seen = len(one.requests)
    for pair in (None, stranger):
        with site.client(host, site.context(pair, version)) as client:
            assert client.get(host).status == 400
            assert client.get(host, "/nowhere").status == 400
    assert len(one.requests) == seen
    with site.client(host, site.context(good, version)) as client:
        assert client.get(host).status == 200
        assert client.get(host).status == 200
    assert told(one) == {"verify": "SUCCESS", "subject-dn": "CN=good.example", "issuer-dn": "CN=clients", "cert": None}


def test_the_service_that_decides_about_requests_learns_of_them(site: Site, one: Origin, auth: Origin) -> None:
    host = site.world.host()
    site.protect(host, auth_tls_verify_client="optional", auth_url="http://auth.default.svc.cluster.local/")
    spoofed = [f"{name}: CN=root" for name in NAMES]
    assert site.get(host, None, "/", *spoofed).status == 200
    assert told(auth) == {"verify": "NONE", "subject-dn": None, "issuer-dn": None, "cert": None}
    assert site.get(host, site.authority.issue("good.example"), "/", *spoofed).status == 200
    assert told(auth) == told(one)
    assert told(auth)["subject-dn"] == "CN=good.example"


def test_the_access_log_can_tell_of_them(start: Callable[..., World], tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    names = ("verify", "s_dn", "i_dn", "serial", "fingerprint")
    form = "$host " + " ".join(f"[$ssl_client_{name}]" for name in names)
    site = Site(start(f"--access-log={file}", options={"log-format-upstream": form}), tmp_path)
    site.protect("own.example", auth_tls_verify_client="optional_no_ca")
    good, stranger = site.authority.issue("good.example"), Authority("stranger").issue("evil]\n.example")
    shown = [x509.load_pem_x509_certificate(pair[0]) for pair in (good, stranger)]
    digits = [f"{one.serial_number:X}" for one in shown]
    serials = [number.zfill(len(number) + len(number) % 2) for number in digits]
    prints = [one.fingerprint(hashes.SHA1()).hex() for one in shown]
    for pair in (good, stranger, None):
        site.get("own.example", pair)
        count = [good, stranger, None].index(pair) + 1
        until(lambda: file.read_text().count("own.example") == count)  # noqa: B023 - asked here only
    site.world.get("own.example")
    until(lambda: file.read_text().count("own.example") == 4)
    failed = "FAILED:unable to verify the first certificate"
    assert [line for line in file.read_text().splitlines() if "own.example" in line] == [
        f"own.example [SUCCESS] [CN=good.example] [CN=clients] [{serials[0]}] [{prints[0]}]",
        f"own.example [{failed}] [CN=evil]\\x5C0A.example] [CN=stranger] [{serials[1]}] [{prints[1]}]",
        "own.example [NONE] [-] [-] [-] [-]",
        "own.example [-] [-] [-] [-] [-]",
    ]


def test_what_a_client_says_of_its_certificate_itself_is_never_passed_on(site: Site, one: Origin) -> None:
    host, plain = site.world.host(), site.world.host()
    site.protect(host, auth_tls_verify_client="optional")
    site.world.add(site.world.ingress(plain))
    spoofed = [f"{name}: CN=root" for name in NAMES] + ["Ssl_Client_Verify: SUCCESS"]
    assert site.get(host, None, "/", *spoofed).status == 200
    assert told(one) == {"verify": "NONE", "subject-dn": None, "issuer-dn": None, "cert": None}
    assert site.world.get(plain, "/", *spoofed).status == 200
    assert set(told(one).values()) == {None}


def test_optional_lets_those_in_who_show_nothing_but_nobody_who_shows_what_is_wrong(site: Site, one: Origin) -> None:
    host = site.world.host()
    site.protect(host, auth_tls_verify_client="optional")
    assert site.get(host).status == 200
    assert told(one)["verify"] == "NONE"
    assert site.get(host, Authority("stranger").issue("x.example")).status == 400
    assert site.get(host, site.authority.issue("good.example")).status == 200
    assert told(one)["verify"] == "SUCCESS"


def test_optional_no_ca_tells_the_backend_that_the_authority_is_not_known(site: Site, one: Origin) -> None:
    host = site.world.host()
    site.protect(host, auth_tls_verify_client="optional_no_ca")
    assert site.get(host, Authority("stranger").issue("x.example")).status == 200
    assert (told(one)["verify"] or "").startswith("FAILED:")
    assert told(one)["subject-dn"] == "CN=x.example"
    assert site.get(host).status == 200
    assert told(one)["verify"] == "NONE"


def test_off_asks_nobody(site: Site, one: Origin) -> None:
    host = site.world.host()
    site.protect(host, auth_tls_verify_client="off")
    assert site.get(host, site.authority.issue("good.example")).status == 200
    assert told(one) == {"verify": "NONE", "subject-dn": None, "issuer-dn": None, "cert": None}


def test_the_certificate_itself_is_passed_on(site: Site, one: Origin) -> None:
    host = site.world.host()
    site.protect(host, auth_tls_pass_certificate_to_upstream="true")
    pair = site.authority.issue("good.example")
    assert site.get(host, pair).status == 200
    sent = told(one)["cert"] or ""
    assert not {" ", "\n"} & set(sent)
    assert unquote(sent).encode() == pair[0]


def test_what_was_revoked_is_not_let_in(site: Site) -> None:
    host = site.world.host()
    good, revoked = site.authority.issue("good.example"), site.authority.issue("revoked.example")
    site.protect(host, crl=site.authority.revocations(revoked[0]))
    assert site.get(host, good).status == 200
    assert site.get(host, revoked).status == 400


def test_a_chain_is_as_long_as_its_depth(site: Site) -> None:
    short, long = site.world.host(), site.world.host()
    between = site.authority.subordinate("between")
    chain, key = between.issue("good.example")
    pair = (chain + between.pem, key)
    site.protect(short, auth_tls_verify_depth="0")
    site.protect(long, auth_tls_verify_depth="1")
    assert site.get(short, pair).status == 400
    assert site.get(long, pair).status == 200


def test_others_are_sent_to_the_error_page(site: Site) -> None:
    host = site.world.host()
    site.protect(host, auth_tls_error_page="https://help.example/why?x=1")
    answer = site.get(host)
    assert (answer.status, answer.header("location")) == (302, "https://help.example/why?x=1")
    answer = site.get(host, Authority("stranger").issue("x.example"))
    assert (answer.status, answer.header("location")) == (302, "https://help.example/why?x=1")
    assert site.get(host, site.authority.issue("good.example")).status == 200


def test_only_those_are_let_in_whose_subject_fits(site: Site, one: Origin) -> None:
    host = site.world.host()
    site.protect(host, auth_tls_match_cn="CN=(alice|bob)\\\\.example$")
    seen = len(one.requests)
    assert site.get(host, site.authority.issue("mallory.example")).status == 403
    assert len(one.requests) == seen
    assert site.get(host, site.authority.issue("bob.example")).status == 200


@pytest.mark.parametrize(
    "data",
    [None, {"tls.crt": b"x"}, {"ca.crt": b"nonsense"}, "crl"],
    ids=["no Secret", "no ca.crt", "no PEM", "no CRL"],
)
def test_without_a_good_secret_the_whole_host_is_closed(
    site: Site, data: dict[str, bytes] | str | None, one: Origin
) -> None:
    host = site.world.host()
    if data == "crl":
        data = {"ca.crt": site.authority.pem, "ca.crl": b"nonsense"}
    secrets = [opaque(site.secret, data)] if isinstance(data, dict) else []
    site.world.add(
        *secrets,
        site.world.ingress(host, tls="yes", auth_tls_secret=f"default/{site.secret}"),
        site.world.ingress(host, path="/other"),
    )
    seen = len(one.requests)
    pair = site.authority.issue("good.example")
    assert site.get(host, pair).status == 503
    assert site.get(host, pair, "/other").status == 503
    assert site.world.get(host).status == 503
    assert len(one.requests) == seen


def test_paths_of_other_ingresses_of_the_host_are_protected_too(site: Site) -> None:
    host = site.world.host()
    site.protect(host)
    site.world.add(site.world.ingress(host, path="/other"))
    assert site.get(host, None, "/other").status == 400
    assert site.get(host, site.authority.issue("good.example"), "/other").status == 200


def test_an_alias_is_protected_like_its_host(site: Site) -> None:
    host, alias = site.world.host(), site.world.host()
    site.protect(host, server_alias=alias)
    assert site.get(alias).status == 400
    assert site.get(alias, site.authority.issue("good.example")).status == 200


def test_plain_http_never_leads_to_the_backend(site: Site, one: Origin) -> None:
    redirected, served = site.world.host(), site.world.host()
    site.protect(redirected)
    site.protect(served, ssl_redirect="false")
    seen = len(one.requests)
    assert site.world.get(redirected).status == 308
    assert site.world.get(served).status == 403
    assert site.world.get(served, "/", "X-Forwarded-Proto: https").status == 403
    assert len(one.requests) == seen


@pytest.mark.parametrize(
    "named", ["another host", "a host that is not there", "no host", "a host of other authorities"]
)
def test_nobody_comes_in_by_a_handshake_for_another_host(site: Site, one: Origin, named: str, tmp_path: Path) -> None:
    host, other = site.world.host(), site.world.host()
    site.protect(host)
    strange = Site(site.world, tmp_path)
    if named == "a host of other authorities":
        strange.protect(other)
    else:
        site.world.add(site.world.ingress(other, tls="yes"))
    names = {"a host that is not there": "nowhere.example", "no host": None}
    pair = strange.authority.issue("good.example") if named == "a host of other authorities" else None
    seen = len(one.requests)
    with site.client(names.get(named, other), site.context(pair or site.authority.issue("good.example"))) as client:
        assert client.get(host).status == 421
        assert client.get(host.upper()).status == 421
        assert client.get(f"{host}:443").status == 421
        assert client.get(f"{host}.").status == 421
        assert len(one.requests) == seen
        assert client.get(other).status == 200


def test_a_certificate_that_is_good_for_both_hosts_leads_to_both(site: Site) -> None:
    host, other = site.world.host(), site.world.host()
    site.protect(host)
    site.protect(other, auth_tls_verify_depth="2")
    with site.client(other, site.context(site.authority.issue("good.example"))) as client:
        assert client.get(host).status == 200
        assert client.get(other).status == 200
    with site.client(other, site.context()) as client:
        assert client.get(host).status == 421


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_is_resumed_only_where_it_was_made(site: Site, version: ssl.TLSVersion) -> None:
    host, other = site.world.host(), site.world.host()
    site.protect(host)
    site.world.add(site.world.ingress(other, tls="yes"))

    def session(name: str, context: ssl.SSLContext, start: ssl.SSLSession | None, status: int) -> ssl.SSLSession | None:
        """The session afterwards; None where the one that it began with was not taken."""
        with site.client(name, context, start) as client:
            assert isinstance(client.socket, ssl.SSLSocket)
            assert client.get(name).status == status
            return client.socket.session if start is None or client.socket.session_reused else None

    stranger = site.context(None, version)
    elsewhere = session(other, stranger, None, 200)
    assert session(other, stranger, elsewhere, 200) is not None
    assert session(host, stranger, elsewhere, 400) is None
    known = site.context(site.authority.issue("good.example"), version)
    ours = session(host, known, None, 200)
    assert session(host, known, ours, 200) is not None
    assert session(other, known, ours, 200) is None


def test_a_change_of_the_authority_holds_for_connections_that_are_there(site: Site) -> None:
    host = site.world.host()
    site.protect(host)
    old = site.authority.issue("good.example")
    with site.client(host, site.context(old)) as client:
        assert client.get(host).status == 200
        # A second authority comes: whoever was good is good.
        first, site.authority.pem = site.authority.pem, site.authority.pem + Authority("second").pem
        site.store({"ca.crt": site.authority.pem})
        assert client.get(host).status == 200
        # The first one goes: nobody is let in by what was right before.
        site.store({"ca.crt": Authority("third").pem})
        assert client.get(host).status == 421
        assert site.get(host, old).status == 400
        site.store({"ca.crt": first})
        assert client.get(host).status == 200
