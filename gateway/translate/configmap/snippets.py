"""Configuration text. Never supported: see SECURITY.md. What may keep requests out closes every route, as annotations
of that kind close theirs; what only sets headers, limits and logs is told, with what replaces it.
"""

from functools import partial
from typing import Final

from gateway.translate.configmap.declare import Option, closed
from gateway.translate.ingress.annotations import idioms
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.rules import Rules

_refused = partial(
    Option,
    family="snippets",
    support=Support.REFUSED,
    instead="use typed annotations and options for what the text asks for, and remove it",
    advise=idioms.advice,
)


def _close(rules: Rules, name: str) -> Rules:
    return rules if rules.without_snippets else closed(rules, name)


def _guarding(name: str, doc: str) -> Option:
    """Text that requests are judged by."""
    return _refused(
        name=name,
        guard=True,
        closes=partial(_close, name=name),
        harmless=lambda text: not idioms.may_restrict(text),
        doc=f"{doc} Every route answers 503 if it may keep requests out, unless `--serve-without-snippets` is given.",
    )


ROWS: Final = (
    _refused(name="main-snippet", doc="nginx text for the whole process. It says nothing about requests."),
    _guarding("http-snippet", "nginx text for HTTP."),
    _guarding("server-snippet", "nginx text for all hosts."),
    _guarding("location-snippet", "nginx text for all paths."),
    _refused(name="stream-snippet", doc="nginx text for TCP and UDP. It says nothing about HTTP."),
    Option(
        name="plugins",
        family="snippets",
        support=Support.REFUSED,
        guard=True,
        closes=partial(_close, name="plugins"),
        instead="there are no plug-ins; say what they do by annotations",
        doc="Programs in Lua that nginx runs. They may refuse requests, so every route answers 503, "
        "unless `--serve-without-snippets` is given.",
    ),
)
