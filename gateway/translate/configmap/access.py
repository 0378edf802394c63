"""Who may come in, and how often."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.configmap.declare import Option, closed
from gateway.translate.configmap.listed import BLOCKED, unfit
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import (
    BOOLEAN,
    NETWORKS,
    InvalidValueError,
    Parsed,
    Type,
    parse_integer,
)
from gateway.translate.ingress.annotations.values_http import TEMPLATE

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


_EACH: Final = "of several such headers each is looked at, where nginx joins them"
_ADDRESSES: Final = ("$binary_remote_addr", "$remote_addr", "$the_real_ip")
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
    _guard(
        name="block-user-agents",
        type=BLOCKED,
        check=unfit,
        differs=_EACH,
        doc="Requests with these User-Agents are answered 403, before anything else is: whole values in any case, or "
        "expressions after `~`, or `~*` for which case does not count. An expression that is not done within its "
        "limits is answered 500.",
        apply=lambda rules, value: replace(rules, blocked=replace(rules.blocked, user_agents=value)),
    ),
    _guard(
        name="block-referers",
        type=BLOCKED,
        check=unfit,
        differs=_EACH,
        doc="The same for Referer.",
        apply=lambda rules, value: replace(rules, blocked=replace(rules.blocked, referers=value)),
    ),
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
    _supported(
        name="limit-conn-zone-variable",
        default="$binary_remote_addr",
        type=TEMPLATE,
        apply=lambda rules, value: replace(rules, limits_by="" if value in _ADDRESSES else value),
        doc="A text with variables that limit-rps, limit-rpm and limit-connections count by; requests for which it is "
        "empty are not counted.",
    ),
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
    _supported(
        name="allow-cross-namespace-resources",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: replace(rules, cross_namespace=value),
        doc="Whether an Ingress may name Secrets and ConfigMaps of other namespaces. Without it, those that a "
        "ReferenceGrant (`gateway.networking.k8s.io`) in their namespace lets it name.",
    ),
    _idle(
        name="nginx-status-ipv4-whitelist", default="127.0.0.1", doc="Who may read nginx's status page; there is none."
    ),
    _idle(name="nginx-status-ipv6-whitelist", default="::1", doc="Who may read nginx's status page; there is none."),
)
