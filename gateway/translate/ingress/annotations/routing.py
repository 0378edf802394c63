"""How paths are read and rewritten, and which names a host has."""

import re
from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.aliases import read_alias, too_many
from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import (
    BOOLEAN,
    InvalidValueError,
    Parsed,
    Type,
    UnsupportedValueError,
    one_line,
    parse_list,
)
from gateway.translate.ingress.annotations.values_http import PATH, TEMPLATE
from gateway.translate.ingress.settings import with_redirects
from gateway.translate.limits import PATH_BYTES

_TEMPLATE: Final = re.compile(r"[-._~A-Za-z0-9/:$]*", re.ASCII)
_CAPTURE: Final = re.compile(r"\$[1-9]")
_VARIABLE: Final = re.compile(r"\$[a-zA-Z_]")


def parse_rewrite(text: str) -> Parsed[str]:
    """A path with `$1` to `$9` in it. Never any other variable, and no query."""
    one_line(text)
    if len(text) > PATH_BYTES:
        raise InvalidValueError(f"it is longer than {PATH_BYTES} bytes", "shorten it")
    if not _TEMPLATE.fullmatch(text):
        raise InvalidValueError(
            "it may hold letters, digits and - . _ ~ / : $ only", "write a path, with $1 to $9 for captures of the path"
        )
    if text.startswith(("http://", "https://", "$scheme")):
        raise UnsupportedValueError(
            "an absolute URL would answer with a redirect, which is not supported yet",
            "write a path that begins with /",
            text,
        )
    if _VARIABLE.search(text):
        raise UnsupportedValueError("nginx variables are not supported in it", "use $1 to $9 for captures", text)
    if "$" in _CAPTURE.sub("", text):
        raise InvalidValueError("a $ is not followed by a digit from 1 to 9", "use $1 to $9 for captures of the path")
    if not text.startswith(("/", "$")):
        raise InvalidValueError("the rewritten path would not begin with a slash", f'write "/{text}"')
    return Parsed(text)


REWRITE: Final = Type(
    "path template", "a path in which `$1` to `$9` stand for captures of the route's regex", parse_rewrite
)


def parse_aliases(text: str) -> Parsed[tuple[str, ...]]:
    names: list[str] = []
    for item in parse_list(text).value:
        found, problem = read_alias(item)
        if problem:
            raise InvalidValueError(f"{item[:60]!r}: {problem[0]}", problem[1])
        names += found
    aliases = tuple(dict.fromkeys(names))
    if problem := too_many(aliases):
        raise InvalidValueError(*problem)
    return Parsed(aliases)


ALIASES: Final = Type(
    "names", "names joined by commas: hosts, `*.x`, `.x`, `x.*`, or `~` and an expression", parse_aliases
)

_supported = partial(Annotation, family="routing", support=Support.SUPPORTED)

ROWS: Final = (
    _supported(
        name="rewrite-target",
        type=REWRITE,
        scope=Scope.LOCATION,
        risk=Risk.MEDIUM,
        doc="Replaces the whole path before it is sent to the backend; the query stays. The paths of the Ingress "
        "become case-insensitive regular expressions, and so do all paths of its hosts. A value equal to the path does "
        "nothing. An absolute URL or an nginx variable in it closes the routes (503), since it cannot be honoured yet.",
        apply=lambda settings, value: replace(settings, rewrite_target=value),
    ),
    _supported(
        name="use-regex",
        type=BOOLEAN,
        scope=Scope.LOCATION,
        risk=Risk.LOW,
        default="false",
        doc="Reads the paths of the Ingress as case-insensitive regular expressions, anchored at their start. All "
        "other paths of its hosts become expressions, too, as in ingress-nginx; their Ingresses get a verdict.",
        apply=lambda settings, value: replace(settings, use_regex=value),
    ),
    _supported(
        name="app-root",
        type=PATH,
        scope=Scope.SERVER,
        risk=Risk.MEDIUM,
        doc="Redirects (302) requests for `/` of its hosts to another path, before https, access lists and passwords. "
        "The oldest Ingress of a host that has it decides.",
        apply=lambda settings, value: with_redirects(settings, app_root=value),
    ),
    _supported(
        name="server-alias",
        type=ALIASES,
        scope=Scope.SERVER,
        risk=Risk.HIGH,
        on_invalid=OnInvalid.INGRESS,
        doc="More names for its hosts, as nginx reads them: `*.x` is any number of labels before `.x` (one in the "
        "hosts of an Ingress), `.x` is `x` and `*.x`, `x.*` any number of labels after `x.`, and `~` begins an "
        "expression that is looked for in the host; case means nothing. Of several that fit, a name comes before the "
        "longest `*.x`, that before the longest `x.*`, and that before the first expression in the order of the hosts' "
        "names. A name that is a host of any Ingress is left out. The oldest Ingress that has a name decides.",
        differs="groups of an expression set no variables, and a name on which an expression that PCRE matches "
        "reaches a limit is not one of its names",
        apply=lambda settings, value: replace(settings, aliases=value),
    ),
    _supported(
        name="upstream-vhost",
        type=TEMPLATE,
        scope=Scope.LOCATION,
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        doc="The Host header that the backend gets. X-Forwarded-Host stays what the client asked for.",
        apply=lambda settings, value: replace(settings, headers=replace(settings.headers, host=value)),
    ),
    _supported(
        name="x-forwarded-prefix",
        type=TEMPLATE,
        scope=Scope.LOCATION,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.INGRESS,
        doc="The X-Forwarded-Prefix header that the backend gets on paths that rewrite-target changes.",
        apply=lambda settings, value: replace(settings, headers=replace(settings.headers, prefix=value)),
    ),
)
