"""What is believed of proxies in front, and what backends are told of clients."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.configmap.declare import Option
from gateway.translate.forwarders import HEADER, MILLISECONDS, NETWORKS
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import BOOLEAN
from gateway.translate.rules import Rules

_supported = partial(Option, family="forwarding", support=Support.SUPPORTED)
_idle = partial(Option, family="forwarding", support=Support.NO_EFFECT)


def _believe(rules: Rules, **changes: object) -> Rules:
    return replace(rules, believed=replace(rules.believed, **changes))


ROWS: Final = (
    _supported(
        name="use-forwarded-headers",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: _believe(rules, claims=value),
        differs="X-Forwarded-Proto, -Host and -Port are believed from the networks of proxy-real-ip-cidr only, where "
        "ingress-nginx believes anybody",
        doc="Whether X-Forwarded-* of proxies in front is believed.",
    ),
    _supported(
        name="compute-full-forwarded-for",
        needs=("use-forwarded-headers",),
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: _believe(rules, append=value),
        doc="Whether X-Forwarded-For keeps the list that came with the request; needs use-forwarded-headers.",
    ),
    _supported(
        name="enable-real-ip",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: _believe(rules, address=value),
        doc="Whether the client's address is taken from a header.",
    ),
    _supported(
        name="forwarded-for-header",
        needs=("use-forwarded-headers", "enable-real-ip"),
        default="X-Forwarded-For",
        type=HEADER,
        apply=lambda rules, value: _believe(rules, header=value),
        unreadable=("nobody is believed", lambda rules: _believe(rules, networks=())),
        doc="The header that holds the client's address.",
    ),
    _supported(
        name="proxy-real-ip-cidr",
        needs=("use-forwarded-headers", "enable-real-ip", "use-proxy-protocol"),
        default="0.0.0.0/0",
        type=NETWORKS,
        apply=lambda rules, value: _believe(rules, networks=value if rules.believed.networks else ()),
        unreadable=("nobody is believed", lambda rules: _believe(rules, networks=())),
        doc="The networks of proxies that are believed.",
    ),
    _supported(
        name="use-proxy-protocol",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: _believe(rules, proxy_headers=value),
        differs="only peers in proxy-real-ip-cidr send a PROXY header, and others are served without one; meanwhile "
        "X-Forwarded-* is believed from nobody",
        doc="Whether connections begin with a PROXY header, of version 1 or 2, that says whose they are.",
    ),
    _supported(
        name="proxy-protocol-header-timeout",
        needs=("use-proxy-protocol",),
        default="5s",
        type=MILLISECONDS,
        apply=lambda rules, value: _believe(rules, proxy_header_ms=value),
        differs="it is 3s where it is not set, and holds for every listener that reads PROXY headers",
        doc="How long a PROXY header may take.",
    ),
    _supported(
        name="proxy-add-original-uri-header",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: replace(rules, original_uri=value),
        doc="Whether backends get the path and query that the client sent as X-Original-URI, in place of its own.",
    ),
    _supported(
        name="generate-request-id",
        default="true",
        type=BOOLEAN,
        apply=lambda rules, value: replace(rules, makes_ids=value),
        differs="the access log and answers of the gateway itself have an id in any case",
        doc="Whether backends get an X-Request-ID that is made for a request without one.",
    ),
    Option(
        name="proxy-set-headers",
        family="forwarding",
        support=Support.SUPPORTED,
        doc="The ConfigMap `[namespace/]name` with headers that every backend gets, in place of any others of their "
        "names; values may have variables, and an empty one takes the header away.",
        apply=lambda rules, value: replace(rules, request_headers_in=value),
    ),
    _idle(name="proxy-headers-hash-max-size", default="512", doc="Size of a table inside nginx."),
    _idle(name="proxy-headers-hash-bucket-size", default="64", doc="Size of a table inside nginx."),
    _supported(
        name="forwarded-host-header",
        default="X-Forwarded-Host",
        type=HEADER,
        apply=lambda rules, value: replace(
            rules, original_host_in="" if value.lower() == "x-forwarded-host" else value
        ),
        doc="The header that X-Original-Forwarded-Host is taken from.",
    ),
)
