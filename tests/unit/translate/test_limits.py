"""One object beyond a limit costs a verdict, not the snapshot; and nothing takes time out of proportion."""

import re
from pathlib import Path

import pytest

from gateway.ir.backend import Endpoint
from gateway.ir.ids import BackendId, CertificateId
from gateway.ir.route import HostTable
from gateway.ir.secret import Secret as SecretBytes
from gateway.objects.core import Secret
from gateway.objects.meta import Metadata
from gateway.store.store import Store
from gateway.translate import backends, limits
from gateway.translate.backends import build_backend
from gateway.translate.ingress import build
from gateway.translate.ingress.annotations.read import read_annotations
from gateway.translate.rules import PREFIX
from gateway.translate.secrets import build_certificate
from gateway.verdicts import reasons
from gateway.verdicts.verdict import ObjectRef
from tests.golden.objects import load, store_of, upsert
from tests.golden.stand_ins import rules
from tests.unit.translate.test_incremental import SERVICE, Follower, slice_of

ROOT = Path(__file__).parents[3]
SUBJECT = ObjectRef("Ingress", "default", "shop")


def test_limits_are_those_of_the_data_plane() -> None:
    source = (ROOT / "_core/image/src/limits.rs").read_text()
    theirs = {name: eval(value) for name, value in re.findall(r"pub const (\w+): \w+ = ([0-9_ <*]+);", source)}
    shared = theirs.keys() & vars(limits).keys()
    assert shared >= {
        "ROUTES_PER_HOST",
        "PATTERN_BYTES",
        "PATH_BYTES",
        "ENDPOINTS_PER_BACKEND",
        "HOST_BYTES",
        "HOST_PATTERN_BYTES",
        "PEM_BYTES",
    }
    assert {name: theirs[name] for name in shared} == {name: getattr(limits, name) for name in shared}


def test_ten_megabytes_in_an_annotation() -> None:
    huge = "true\n" * (2 << 20)
    names = ("proxy-body-size", "ssl-redirect", "configuration-snippet", "backend-protocol", "no-such-name", "auth-url")
    outcome = read_annotations({f"{PREFIX}/{name}": huge for name in names}, SUBJECT, rules())
    assert outcome.settings.closed
    assert {verdict.code for verdict in outcome.verdicts} == {
        reasons.INVALID_IGNORED.code,
        reasons.SNIPPET_REFUSED.code,
        reasons.INVALID_CLOSED.code,
        reasons.UNKNOWN_ANNOTATION.code,
    }
    assert all(
        len(verdict.value) < 4 * reasons.VALUE_LENGTH + 40 and len(verdict.reason) < 300 for verdict in outcome.verdicts
    )


def test_only_some_unknown_annotations_are_named() -> None:
    outcome = read_annotations({f"{PREFIX}/x{number}": "" for number in range(5_000)}, SUBJECT, rules())
    codes = [verdict.code for verdict in outcome.verdicts]
    assert codes == [reasons.UNKNOWN_ANNOTATION.code] * limits.UNKNOWN_ANNOTATIONS + [reasons.MORE_UNKNOWN.code]
    assert str(5_000 - limits.UNKNOWN_ANNOTATIONS) in outcome.verdicts[-1].reason


def test_too_many_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "ENDPOINTS_PER_BACKEND", 2)
    store = store_of(load("---".join([SERVICE, *(slice_of(f"10.0.0.{n}", f"s{n}") for n in (3, 1, 2))])))
    unit = build_backend(store, rules(), BackendId("default", "shop", "80"), service_upstream=False)
    assert unit.backend.endpoints == (Endpoint("10.0.0.1", 8080), Endpoint("10.0.0.2", 8080))
    assert [remark.reason for remark in unit.remarks] == [reasons.TOO_MANY_ENDPOINTS]


def test_too_many_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "ROUTES_PER_HOST", 4)
    path = "{path: /%s, pathType: Prefix, backend: {service: {name: mapped, port: {number: 80}}}}"
    ingress = (
        "kind: Ingress\napiVersion: networking.k8s.io/v1\nmetadata: {name: %s}\n"
        "spec: {ingressClassName: nginx, rules: [{host: shop.example, http: {paths: [%s]}}]}"
    )
    young, old = (ingress % (name, ", ".join(path % f"{name}{n}/" for n in range(3))) for name in ("a", "b"))
    follower = Follower()
    changes = follower.follow(load(f"{young}\n---\n{old}"))
    table = changes.hosts["main", "shop.example"]
    assert isinstance(table, HostTable)
    assert {route.display_path for route in table.routes} == {"/b0/"}
    said = follower.translator.verdicts()
    assert [(one.code, one.object.name, one.value) for one in said] == [
        (reasons.TOO_MANY_ROUTES.code, "a", "/a0/"),
        (reasons.TOO_MANY_ROUTES.code, "b", "/b1/"),
    ]


def test_a_certificate_that_is_too_large_is_not_looked_at() -> None:
    data = {"tls.crt": SecretBytes(b"x" * (limits.PEM_BYTES + 1)), "tls.key": SecretBytes(b"y")}
    store = Store()
    store.apply([upsert(Secret(Metadata("shop", "default"), "kubernetes.io/tls", data))])
    unit = build_certificate(store, rules(), CertificateId("default", "shop"))
    assert unit.certificate is None
    assert [flaw.reason for flaw in unit.flaws] == [reasons.BAD_CERTIFICATE]


def test_keys_are_never_said() -> None:
    data = {"tls.crt": SecretBytes(b"names: [a]\nkey: one"), "tls.key": SecretBytes(b"hunter2")}
    store = Store()
    store.apply([upsert(Secret(Metadata("shop", "default"), "kubernetes.io/tls", data))])
    unit = build_certificate(store, rules(), CertificateId("default", "shop"))
    assert "hunter2" not in repr(unit)
    right = build_certificate(
        store, rules(check_certificate=lambda *_: {"names": ["a"], "not_before": 0, "not_after": 1 << 40}), unit_id()
    )
    assert right.certificate is not None
    assert "hunter2" not in repr(right)


def unit_id() -> CertificateId:
    return CertificateId("default", "shop")
