"""Who may come in, and how often."""

from functools import partial
from typing import Final

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support

_planned = partial(Option, family="access", support=Support.PLANNED)
_refused = partial(Option, family="access", support=Support.REFUSED)
_idle = partial(Option, family="access", support=Support.NO_EFFECT)

ROWS: Final = (
    _planned(name="whitelist-source-range", guard=True, doc="Only these client addresses are served."),
    _planned(name="denylist-source-range", guard=True, doc="These client addresses are not served."),
    _planned(name="block-cidrs", guard=True, doc="These client addresses are answered 403."),
    _planned(name="block-user-agents", guard=True, doc="These User-Agents are answered 403."),
    _planned(name="block-referers", guard=True, doc="These Referers are answered 403."),
    _planned(name="limit-req-status-code", default="503", doc="The status of requests beyond limit-rps and limit-rpm."),
    _planned(name="limit-conn-status-code", default="503", doc="The status of requests beyond limit-connections."),
    _planned(name="limit-conn-zone-variable", default="$binary_remote_addr", doc="What limits count by."),
    _planned(name="global-auth-url", guard=True, doc="The service that decides about each request."),
    _planned(name="global-auth-method", doc="The method of the request to it."),
    _planned(name="global-auth-signin", doc="Where clients that it refuses are sent."),
    _planned(name="global-auth-signin-redirect-param", default="rd", doc="The query parameter with the original URL."),
    _planned(name="global-auth-response-headers", doc="Headers of its answer that backends get."),
    _planned(name="global-auth-request-redirect", doc="The X-Auth-Request-Redirect header for it."),
    _refused(name="global-auth-snippet", guard=True, doc="nginx text for the request to it."),
    _planned(name="global-auth-cache-key", doc="What its answers are cached by."),
    _planned(name="global-auth-cache-duration", default="200 202 401 5m", doc="How long its answers are cached."),
    _planned(
        name="global-auth-always-set-cookie", default="false", doc="Whether its cookies are set whatever the status."
    ),
    _planned(
        name="no-auth-locations",
        default="/.well-known/acme-challenge",
        doc="Beginnings of paths that need no authentication.",
    ),
    _planned(name="enable-modsecurity", default="false", guard=True, doc="A web application firewall."),
    _planned(name="enable-owasp-modsecurity-crs", default="false", guard=True, doc="Its standard rules."),
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
