"""The table of annotations is complete: every name once, and every row with all that belongs to it."""

from pathlib import Path

import pytest

from gateway.translate.docs import annotations_page
from gateway.translate.ingress.annotations.declare import Annotation, Effect, Support
from gateway.translate.ingress.annotations.table import BY_NAME, TABLE

ROOT = Path(__file__).parents[2]
GOLDENS = ROOT / "tests/golden/annotations"

# Every annotation that the last release of ingress-nginx reads.
UPSTREAM = frozenset((GOLDENS / "names-of-ingress-nginx.txt").read_text().split())
ALIASES = {"whitelist-source-range": "allowlist-source-range", "limit-whitelist": "limit-allowlist"}

# What keeps requests out. Without it an Ingress must not be served open.
PROTECTS = frozenset(
    name
    for name in UPSTREAM | ALIASES.keys()
    if name.startswith(("auth-", "enable-modsecurity", "enable-owasp", "allowlist", "denylist", "whitelist"))
) | {
    "configuration-snippet",
    "limit-connections",
    "limit-rpm",
    "limit-rps",
    "modsecurity-snippet",
    "proxy-ssl-secret",
    "proxy-ssl-verify",
    "satisfy",
    "server-snippet",
    "ssl-passthrough",
}

every_row = pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)


def test_every_name_stands_once() -> None:
    assert len(TABLE) == len(BY_NAME)


def test_every_live_name_of_ingress_nginx_is_known() -> None:
    assert len(UPSTREAM) == 136
    live = {row.name for row in TABLE if row.support is not Support.REMOVED and row.family != "legacy"}
    assert live == UPSTREAM | ALIASES.keys()
    assert {row.name: row.alias_of for row in TABLE if row.alias_of} == ALIASES


@every_row
def test_row_is_complete(row: Annotation[object]) -> None:
    assert row.doc.endswith(".")
    assert (row.apply is not None) == (row.support is Support.SUPPORTED)
    assert bool(row.instead) == (row.support in {Support.REFUSED, Support.NO_EFFECT, Support.REMOVED})
    if row.default and row.support is not Support.NO_EFFECT:
        row.type.parse(row.default)


@every_row
def test_supported_row_has_a_golden(row: Annotation[object]) -> None:
    if row.support is Support.SUPPORTED:
        case = GOLDENS / row.name
        assert {path.name for path in case.iterdir()} >= {"in.yaml", "ir.yaml", "verdicts.yaml"}
        assert f"nginx.ingress.kubernetes.io/{row.name}:" in (case / "in.yaml").read_text()


def test_goldens_are_of_annotations_that_exist() -> None:
    named = {path.name for path in GOLDENS.iterdir()} & BY_NAME.keys()
    assert named == {row.name for row in TABLE if row.support is Support.SUPPORTED}


@every_row
def test_what_protects_never_leaves_a_route_open(row: Annotation[object]) -> None:
    if row.name in PROTECTS and row.support is not Support.SUPPORTED and row.name != "enable-global-auth":
        assert row.unsupported_effect in {Effect.CLOSED, Effect.HOST_CLOSED}


@every_row
def test_row_is_on_the_reference_page(row: Annotation[object]) -> None:
    assert annotations_page().count(f"| `{row.name}` |") == 1
