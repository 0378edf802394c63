"""Paths become matches that answer as ingress-nginx would."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ir.match import Exact, Prefix
from gateway.ir.route import Respond
from gateway.translate.ingress.paths import (
    PathClaim,
    PathType,
    Placed,
    literal_problem,
    missing_capture,
    path_problem,
    place_literal,
    place_regex,
)
from gateway.translate.limits import PATH_BYTES

paths = st.lists(st.sampled_from(("a", "b", "ab")), max_size=3).map(lambda parts: "/" + "/".join(parts))
written = st.tuples(paths, st.booleans()).map(lambda pair: pair[0] + "/" * (pair[1] and pair[0] != "/"))
claims = st.lists(
    st.builds(
        PathClaim,
        st.just(0),
        st.integers(0, 99),
        written,
        st.sampled_from(list(PathType)),
        st.just(Respond(200)),
    ),
    unique_by=lambda claim: claim.key,
    max_size=8,
)


def data_plane(placed: list[Placed], path: str) -> tuple[PathClaim, str] | None:
    """The order of evaluation that the IR prescribes, without regular expressions."""
    for one in placed:
        if isinstance(one.match, Exact) and one.match.path == path:
            return one.claim, one.redirect
    found = [one for one in placed if isinstance(one.match, Prefix) and below(path, one.match.path)]
    best = max(found, key=lambda one: len(one.match.path) if isinstance(one.match, Prefix) else 0, default=None)
    return (best.claim, best.redirect) if best else None


def below(path: str, prefix: str) -> bool:
    return prefix in {"/", path} or path.startswith(f"{prefix}/")


def nginx(served: list[PathClaim], path: str) -> tuple[PathClaim, str] | None:
    """Exact locations, the exact locations that stand for prefixes without a slash, prefix locations by length, and its
    redirect to a prefix that lacks only the slash.
    """
    by_key = {claim.key: claim for claim in served}
    if exact := by_key.get((True, path)) or (None if path.endswith("/") else by_key.get((False, path))):
        return exact, ""
    prefixes = {
        claim.text if claim.text.endswith("/") else f"{claim.text}/": claim for claim in served if not claim.key[0]
    }
    prefixes |= {claim.text: claim for claim in served if not claim.key[0] and claim.text.endswith("/")}
    if f"{path}/" in prefixes:
        claim = prefixes[f"{path}/"]
        return claim, f"{path}/" if claim.text.endswith("/") else ""
    found = [text for text in prefixes if path.startswith(text)]
    return (prefixes[max(found, key=len)], "") if found else None


@given(claims, written)
def test_literal_paths_answer_as_in_nginx(served: list[PathClaim], path: str) -> None:
    assert data_plane(list(place_literal(served)), path) == nginx(served, path)


@given(claims)
def test_expressions_come_in_order(served: list[PathClaim]) -> None:
    patterns = [getattr(one.match, "pattern", "") for one in place_regex(served)]
    assert len(patterns) == len(served)
    assert patterns == sorted(patterns, key=lambda text: (len(text), text), reverse=True)


@pytest.mark.parametrize(
    "pattern",
    [
        r"/a(b)(c)",
        r"/(?:a)(b)",
        r"/[(](a)",
        r"/[]()](a)",
        r"/[^]()](a)",
        r"/\((a)",
        r"/\\(a)",
        r"/(?P<n>a)",
        r"/(a(b)c)",
    ],
)
def test_captures_of_odd_patterns_are_counted(pattern: str) -> None:
    groups = re.compile(pattern).groups
    assert missing_capture(f"/${groups}", pattern) is None
    assert missing_capture(f"/$1/${groups + 1}", pattern) == f"${groups + 1}"


ATOMS = ("a", "b?", "|", "^", "[ab]", "[(]", "[)]", "[]()]", "[^]()]", "[^()]", r"[\]()]", r"\(", r"\)", r"\\", r"\[")
PATTERNS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        inner.map("({})".format),
        inner.map("(?:{})".format),
        inner.map("(?={})".format),
        st.lists(inner, max_size=4).map("".join),
    ),
)


@pytest.mark.filterwarnings("ignore:Possible")
@given(PATTERNS)
def test_captures_are_counted(pattern: str) -> None:
    groups = re.compile(pattern).groups
    for capture in range(1, 8):
        assert (missing_capture(f"/${capture}", pattern) is None) == (capture <= groups)


def test_named_captures_count() -> None:
    assert missing_capture("/$1", "/(?<name>a)") is None
    assert missing_capture("/$1", "/(?<=a)") == "$1"


@pytest.mark.parametrize(
    "path", ["", "a", "/\n", "/\x7f", "/\ud800", "/" + "a" * PATH_BYTES, "/" + "ü" * (PATH_BYTES // 2)]
)
def test_paths_that_nobody_can_serve(path: str) -> None:
    assert path_problem(path) is not None


@pytest.mark.parametrize("path", ["/.", "/..", "/a/../b", "//", "/a//", "/%41", "/a;b", "/a?b", "/a#b"])
def test_paths_that_no_request_has(path: str) -> None:
    assert literal_problem(path) is not None


@pytest.mark.parametrize("path", ["/", "/.a", "/a.", "/...", "/a..b", "/ü", "/a b", "/a+b", "/.well-known/x"])
def test_paths_that_requests_have(path: str) -> None:
    assert path_problem(path) is literal_problem(path) is None
