"""Names that an Ingress gives its hosts besides, as nginx reads them in `server_name`, and what the IR calls them.

`*.x` is any number of labels before `.x` here, unlike in the hosts of Ingresses; `.x` is `x` and `*.x`; `x.*` any
number of labels after `x.`; `~` begins an expression, which is looked for in the host. Must not know who has which
name.
"""

from collections.abc import Iterator
from typing import Final

from gateway.translate.limits import ALIAS_PATTERNS, HOST_PATTERN_BYTES
from gateway.translate.names import host_problem

_EVERY_HOST: Final = "_"  # nginx's name for it, which no host has


def read_alias(text: str) -> tuple[tuple[str, ...], tuple[str, str] | None]:
    """The names that one entry stands for; or none of them, and why it cannot be used, with what to write instead."""
    if text.startswith("~"):
        problem = _pattern_problem(text[1:])
        return ((), problem) if problem else ((text,), None)
    name = text.lower()
    if name.startswith(".") and not name.startswith(".."):
        problem = host_problem(name[1:])
        return ((), problem) if problem else ((name[1:], f"*{name}"), None)
    bare = name.removesuffix(".*")
    if bare != name and "*" in bare:
        return (), ("it has a wildcard at both ends", "use one of the two")
    problem = host_problem(bare) if bare else ("there is no name before the wildcard", "write one")
    return ((), problem) if problem else ((name,), None)


def names_at(aliases: tuple[str, ...], host: str) -> Iterator[str]:
    """What the aliases of a host are called in the IR. An expression is its host's own: nginx tries them by host."""
    number = 0
    for alias in aliases:
        if alias.startswith("~"):
            yield f"~{host or _EVERY_HOST} {number:02} {alias[1:]}"
            number += 1
        else:
            yield f"*{alias}" if alias.startswith("*.") else alias


def host_like(name: str) -> str:
    """The host of an Ingress that is written as this name is; empty if there can be none."""
    if name.startswith("~") or name.endswith(".*"):
        return ""
    return name[1:] if name.startswith("**.") else name


def patterns_of(aliases: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(alias[1:] for alias in aliases if alias.startswith("~"))


def too_many(aliases: tuple[str, ...]) -> tuple[str, str] | None:
    """Why there are too many, and what to do."""
    count = len(patterns_of(aliases))
    if count <= ALIAS_PATTERNS:
        return None
    return f"{count} expressions are more than {ALIAS_PATTERNS}", "put several into one, or list the names themselves"


def _pattern_problem(pattern: str) -> tuple[str, str] | None:
    if not pattern:
        return "there is no expression after `~`", "write one, for example ~^www[0-9]+\\.example\\.com$"
    if len(pattern) > HOST_PATTERN_BYTES:
        return f"{len(pattern)} characters are more than {HOST_PATTERN_BYTES}", "shorten it"
    if not pattern.isascii() or not pattern.isprintable() or " " in pattern:
        return "it has a character that no host has", "use printable ASCII without spaces"
    return None
