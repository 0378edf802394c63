"""Every case below `tests/golden`: `in.yaml` → `ir.yaml` and `verdicts.yaml`.

A case is a folder named after a behaviour. Beside the manifests it may have `rules.yaml` with settings that differ from
the defaults, `unread.yaml` with what a source could not read, and `resolved.yaml` with what names lead to.
`UPDATE_GOLDEN=1 pytest tests/golden` writes what comes out; read the difference before committing it.
"""

import os
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml

from gateway.ir.certificate import Certificate
from gateway.ir.changes import Changes
from gateway.ir.ids import BackendId, CertificateId
from gateway.ir.listener import Protocol
from gateway.ir.route import HostTable
from gateway.objects.meta import ObjectKey
from gateway.store.events import Event, Resolved, Unread
from gateway.store.store import Store
from gateway.translate.rules import Rules
from gateway.translate.translate import Translator
from gateway.verdicts.verdict import Verdict
from tests.golden.objects import load, locate, shuffled, store_of
from tests.golden.stand_ins import rules

HERE: Final = Path(__file__).parent
HSTS: Final = "max-age=31536000; includeSubDomains"
CASES: Final = sorted(path.parent for path in HERE.rglob("in.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.relative_to(HERE).as_posix())
def test_golden(case: Path) -> None:
    text = (case / "in.yaml").read_text()
    objects, place = load(text), locate(text)
    settings = rules(**overrides(case))
    missing: list[Event] = [*unread(case), *resolved(case)]
    ir, verdicts = translate(store_of([*objects, *missing], place), settings)
    if os.environ.get("UPDATE_GOLDEN"):
        (case / "ir.yaml").write_text(ir)
        (case / "verdicts.yaml").write_text(verdicts)
    assert ir == (case / "ir.yaml").read_text()
    assert verdicts == (case / "verdicts.yaml").read_text()
    assert translate(store_of([*missing, *shuffled(objects, seed=1)], place), settings) == (ir, verdicts), (
        "the order of objects matters"
    )


def overrides(case: Path) -> dict[str, object]:
    path = case / "rules.yaml"
    written = yaml.safe_load(path.read_text()) if path.exists() else {}
    ids = {
        "default_ssl_certificate": CertificateId,
        "default_backend_service": BackendId,
        "options": ObjectKey,
        "tcp_services": ObjectKey,
        "udp_services": ObjectKey,
    }
    return {name: ids[name](*value) if name in ids else value for name, value in written.items()}


def unread(case: Path) -> list[Unread]:
    path = case / "unread.yaml"
    rows = yaml.safe_load(path.read_text()) if path.exists() else []
    return [Unread(ObjectKey(*row[:3]), *row[3:]) for row in rows]


def resolved(case: Path) -> list[Resolved]:
    path = case / "resolved.yaml"
    rows = yaml.safe_load(path.read_text()) if path.exists() else []
    return [Resolved(host, tuple(addresses), problem) for host, addresses, problem in rows]


def translate(store: Store, settings: Rules) -> tuple[str, str]:
    translator = Translator(store, settings)
    changes = translator.update(store.take_dirty())
    return render(changes), dump([render_verdict(verdict) for verdict in translator.verdicts()], flow=False)


def render(changes: Changes) -> str:
    """Without what every case has in common. Certificates are named, never shown."""
    assert all(key[0] == "main" for key in changes.hosts)
    shown: dict[str, Any] = {
        "hosts": [render_host(table) for _, table in sorted(changes.hosts.items()) if table],
        "backends": [builtins(backend) for _, backend in sorted(changes.backends.items())],
    }
    if changes.certificates:
        certificates = [one for _, one in sorted(changes.certificates.items()) if one]
        shown["certificates"] = [render_certificate(one) for one in certificates]
    if believed := changes.listeners[0].forwarders:
        assert {one.forwarders for one in changes.listeners} == {believed}
        shown["forwarders"] = builtins(believed)
    if introducers := changes.listeners[0].proxy_headers:
        assert {one.proxy_headers for one in changes.listeners} == {introducers}
        shown["proxy_headers"] = builtins(introducers)
    if (tls := {one.protocol: one.tls for one in changes.listeners}[Protocol.HTTPS]) is not None:
        shown["listener_tls"] = builtins(tls)
    if kept := builtins(changes.connections):
        shown["connections"] = kept
    if written := builtins(changes.log):
        shown["log"] = written
    if changes.default_certificate:
        shown["default_certificate"] = builtins(changes.default_certificate)
    return dump(shown)


def render_host(table: HostTable) -> dict[str, Any]:
    shown: dict[str, Any] = builtins(table)
    for name in ("certificate", "tls"):
        if shown[name] is None:
            del shown[name]
    for route in shown["routes"]:
        policy = route["policy"]
        if policy.get("hsts") == HSTS:
            del policy["hsts"]
        if not policy:
            del route["policy"]
    return shown


def render_certificate(certificate: Certificate) -> dict[str, Any]:
    return {"id": builtins(certificate.id), "chain_pem": "(not shown)", "key_pem": repr(certificate.key_pem)}


def render_verdict(verdict: Verdict) -> dict[str, Any]:
    shown: dict[str, Any] = builtins(verdict)
    shown["object"] = str(verdict.object)
    del shown["origin"]
    if verdict.origin is not None:
        shown["origin"] = str(verdict.origin)
    return shown


def builtins(value: object) -> Any:
    return msgspec.to_builtins(value, enc_hook=repr)


def dump(value: object, *, flow: bool | None = None) -> str:
    """Lists and maps without further ones in them stand on one line, unless `flow` is False."""
    return yaml.safe_dump(value, sort_keys=False, default_flow_style=flow, width=120, allow_unicode=True)
