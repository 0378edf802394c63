"""Who may come in, and how often."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.configmap.declare import Option, closed
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import NETWORKS, InvalidValueError, Parsed, Type, parse_integer

_planned = partial(Option, family="access", support=Support.PLANNED)
_supported = partial(Option, family="access", support=Support.SUPPORTED)
_guard = partial(_supported, guard=True)


def _closing(name: str, doc: str, default: str = "") -> Option:
    """What keeps requests out and does not work yet."""
    closes = partial(closed, name=name)
    differs = "every route answers 503 meanwhile"
    doc = f"{doc} Every route answers 503 with it."
    return _planned(name=name, guard=True, default=default, neutral=("false",), differs=differs, closes=closes, doc=doc)


def parse_status(text: str) -> Parsed[int]:
    status = parse_integer(text).value
    if not _LEAST <= status <= _MOST:
        raise InvalidValueError(f"it is not a status from {_LEAST} to {_MOST}", 'write for example "429"')
    return Parsed(status)


_LEAST, _MOST = 400, 599
STATUS: Final = Type("status", "a status from 400 to 599", parse_status)
_refused = partial(Option, family="access", support=Support.REFUSED)
_idle = partial(Option, family="access", support=Support.NO_EFFECT)

ROWS: Final = (
    _guard(
        name="whitelist-source-range",
        type=NETWORKS,
        doc="Only these client addresses are served, but where an Ingress has its own list.",
        apply=lambda rules, value: replace(rules, allow=value),
    ),
    _guard(
        name="denylist-source-range",
        type=NETWORKS,
        doc="These client addresses are answered 403, but where an Ingress has its own list.",
        apply=lambda rules, value: replace(rules, deny=value),
    ),
    _guard(
        name="block-cidrs",
        type=NETWORKS,
        doc="These client addresses are answered 403 everywhere.",
        apply=lambda rules, value: replace(rules, block=value),
    ),
    _closing(name="block-user-agents", doc="These User-Agents are answered 403."),
    _closing(name="block-referers", doc="These Referers are answered 403."),
    _supported(
        name="limit-req-status-code",
        type=STATUS,
        default="503",
        doc="The status of requests beyond limit-rps and limit-rpm.",
        apply=lambda rules, value: replace(rules, rate_status=value),
    ),
    _supported(
        name="limit-conn-status-code",
        type=STATUS,
        default="503",
        doc="The status of requests beyond limit-connections.",
        apply=lambda rules, value: replace(rules, connections_status=value),
    ),
    _planned(name="limit-conn-zone-variable", default="$binary_remote_addr", doc="What limits count by."),
    _closing(name="enable-modsecurity", default="false", doc="A web application firewall."),
    _closing(name="enable-owasp-modsecurity-crs", default="false", doc="Its standard rules."),
    _refused(name="modsecurity-snippet", guard=True, doc="Its own rules, as text."),
    _idle(
        name="allow-snippet-annotations",
        default="false",
        neutral=("true",),
        differs="snippets never run",
        doc="Whether Ingresses may have snippets; here they never run.",
    ),
    _idle(
        name="annotations-risk-level",
        default="Critical",
        doc="How dangerous annotations may be; every value is parsed into a type here.",
    ),
    _idle(
        name="annotation-value-word-blocklist",
        doc="Words that annotations must not hold; no value becomes configuration text here.",
    ),
    _planned(
        name="allow-cross-namespace-resources",
        default="false",
        differs="it may not",
        doc="Whether an Ingress may name objects of other namespaces.",
    ),
    _idle(
        name="nginx-status-ipv4-whitelist", default="127.0.0.1", doc="Who may read nginx's status page; there is none."
    ),
    _idle(name="nginx-status-ipv6-whitelist", default="::1", doc="Who may read nginx's status page; there is none."),
)
