"""Paths: which are fit to be served, and how a host's paths become matches.

A host is in one of two modes. In plain mode paths are literal. In regex mode every path is a case-insensitive regular
expression that matches a prefix; one path with use-regex or an effective rewrite-target switches the whole host, as in
ingress-nginx.
"""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct

from gateway.ir.match import Exact, PathMatch, Prefix, Regex
from gateway.ir.route import Action
from gateway.translate.limits import PATH_BYTES, PATTERN_BYTES
from gateway.translate.rules import Rules

_STRICT: Final = re.compile(r"/[A-Za-z0-9._\-/]*", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # and halves of surrogate pairs: no UTF-8 has them
_NEVER: Final = re.compile(r"//|/\.\.?(/|$)")
_ENCODED: Final = re.compile(r"[%;?#]")
_META: Final = re.compile(r"[()\[\]{}*^$|\\]")
_CAPTURE: Final = re.compile(r"\$([1-9])")


class PathType(StrEnum):
    EXACT = "Exact"
    PREFIX = "Prefix"
    IMPLEMENTATION_SPECIFIC = "ImplementationSpecific"


class PathClaim(Struct, frozen=True):
    """One path of one Ingress, as written. `regex`: its Ingress makes it an expression, and with that the whole host.

    `bare`: it stands for a default backend without rules, which takes no rewrite and no redirect.
    """

    rule: int
    path: int
    text: str
    type: PathType
    action: Action
    regex: bool = False
    rewritten: bool = False
    bare: bool = False

    @property
    def field(self) -> str:
        return "spec.defaultBackend" if self.bare else f"spec.rules[{self.rule}].http.paths[{self.path}]"

    @property
    def key(self) -> tuple[bool, str]:
        """Of two claims with the same key on one host, one is served."""
        return (self.type is PathType.EXACT, self.text)


class Problem(NamedTuple):
    reason: str
    fix: str


class Placed(NamedTuple):
    """A match, the claim that it serves, and the path to redirect to where it only adds a missing slash."""

    match: PathMatch
    claim: PathClaim
    redirect: str = ""


def path_problem(text: str) -> Problem | None:
    if not text.startswith("/"):
        return Problem("it does not begin with a slash", f"write /{text.lstrip('^/')}")
    if len(text.encode(errors="replace")) > PATH_BYTES:
        return Problem(f"it is longer than {PATH_BYTES} bytes", "shorten it")
    if _CONTROL.search(text):
        return Problem("it has control characters", "remove them")
    return None


def strict_problem(text: str, path_type: PathType) -> Problem | None:
    if path_type is PathType.IMPLEMENTATION_SPECIFIC or _STRICT.fullmatch(text):
        return None
    return Problem(
        f"a path of type {path_type} holds letters, digits and . _ - / only",
        "set pathType: ImplementationSpecific, and for a regular expression the annotation use-regex, too",
    )


def literal_problem(text: str) -> Problem | None:
    if _NEVER.search(text):
        return Problem(
            "repeated slashes and dot segments are resolved before requests are compared", "write the path without them"
        )
    if found := _ENCODED.search(text):
        return Problem(
            f"requests are compared percent-decoded, where {found[0]!r} never stands for itself",
            "write the characters themselves instead of %XX; ; ? and # cannot be part of a path here",
        )
    return None


def judge_regex(text: str, rules: Rules, *, anywhere: bool = False) -> tuple[Problem | None, Problem | None]:
    """Why an expression is refused; or, if it is not, why it is not matched in linear time. It is compiled for that."""
    if len(text.encode()) > PATTERN_BYTES:
        return Problem(f"it is longer than {PATTERN_BYTES} bytes", "shorten it"), None
    refused, why = rules.check_regex(text, anywhere)
    if refused is not None:
        return Problem(refused, "correct the expression"), None
    if why is None:
        return None, None
    reason = f"{why}, so PCRE matches it, within limits; a request that reaches one is answered 500"
    return None, Problem(reason, "write it without that, and it is matched in linear time, without limits")


def looks_like_regex(claim: PathClaim) -> bool:
    return claim.type is PathType.IMPLEMENTATION_SPECIFIC and _META.search(claim.text) is not None


def missing_capture(template: str, pattern: str) -> str | None:
    """The first capture in the template that the pattern does not have."""
    groups = _count_groups(pattern)
    return next((f"${digit}" for digit in _CAPTURE.findall(template) if int(digit) > groups), None)


def place_literal(claims: Iterable[PathClaim]) -> Iterator[Placed]:
    """Exact paths, then prefixes, the longest first.

    A prefix that is written with a trailing slash answers the path without it by a redirect, unless somebody asked for
    that very path.
    """
    taken = {claim.key: claim for claim in claims}
    prefixes = [claim for claim in taken.values() if claim.type is not PathType.EXACT]
    prefixes.sort(key=lambda claim: (-len(claim.text), claim.text))
    exact = {claim.text: Placed(Exact(claim.text), claim) for claim in taken.values() if claim.type is PathType.EXACT}
    placed = []
    for claim in prefixes:
        if claim.text == "/":
            placed.append(Placed(Prefix("/"), claim))
        elif claim.text.endswith("/"):
            bare = claim.text[:-1]
            placed.append(Placed(Prefix(bare), claim))
            if (False, bare) not in taken:
                exact.setdefault(bare, Placed(Exact(bare), claim, claim.text))
        elif (False, f"{claim.text}/") in taken:  # what lies below belongs to that one
            exact.setdefault(claim.text, Placed(Exact(claim.text), claim))
        else:
            placed.append(Placed(Prefix(claim.text), claim))
    yield from (exact[text] for text in sorted(exact))
    yield from placed


def place_regex(claims: Iterable[PathClaim]) -> list[Placed]:
    """By length of the text, then by its bytes, both descending: the first that matches wins.

    A literal prefix is two expressions in ingress-nginx, `^/a/` and `^/a`, one after the other, so the second alone
    does the same; but where an exact path of the same text stands between them, it is the first that remains.
    """
    taken = {claim.key: claim for claim in claims}
    placed = []
    for claim in taken.values():
        pattern = claim.text
        is_exact = claim.type is PathType.EXACT
        if not is_exact and not claim.regex and not pattern.endswith("/") and (True, pattern) in taken:
            pattern += "/"
        text = pattern.encode()
        placed.append(((len(text), text, is_exact), Placed(Regex(pattern), claim)))
    placed.sort(key=lambda pair: pair[0], reverse=True)
    return [one for _, one in placed]


def _count_groups(pattern: str) -> int:
    """How many captures an expression has: opening brackets that are neither escaped, nor in a class, nor `(?`."""
    groups = position = 0
    in_class = False
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
            if pattern[position + 1 : position + 2] == "^":
                position += 1
            position += pattern[position + 1 : position + 2] == "]"  # a bracket that comes first is a member
        elif char == "(":
            rest = pattern[position + 1 : position + 4]
            groups += not rest.startswith("?") or rest.startswith("?P<") or (rest[:2] == "?<" and rest[2:] not in "=!")
        position += 1
    return groups
