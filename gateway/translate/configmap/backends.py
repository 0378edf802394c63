"""The exchange with backends."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.configmap.connections import COUNT, REQUESTS, TIME, keep, keep_upstreams
from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.balance import BALANCES
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.headers import PLACE, REPLACEMENT
from gateway.translate.ingress.annotations.proxy import HEAD_SIZE, VERSION
from gateway.translate.ingress.annotations.tries import BUDGET, CONDITIONS, TRIES, conditions_over
from gateway.translate.ingress.annotations.values import BOOLEAN, ON_OFF, SECONDS, SIZE, choice
from gateway.translate.ingress.annotations.values_http import COUNT_TYPE, TEMPLATE
from gateway.translate.rules import Rules


def _timeout(rules: Rules, **changes: int) -> Rules:
    return replace(rules, timeouts=replace(rules.timeouts, **changes))


def _retries(rules: Rules, **changes: bool | int) -> Rules:
    return replace(rules, retries=replace(rules.retries, **changes))


def _headers(rules: Rules, **changes: object) -> Rules:
    return replace(rules, headers=replace(rules.headers, **changes))


_NOT_AHEAD: Final = "no answer is read ahead, so there are none"
_REMOVE_BUFFERS: Final = "remove it; up to 64 KiB of an answer wait for its client"
_supported = partial(Option, family="backends", support=Support.SUPPORTED)
_idle = partial(Option, family="backends", support=Support.NO_EFFECT)

ROWS: Final = (
    _supported(
        name="proxy-body-size",
        default="1m",
        type=SIZE,
        apply=lambda rules, value: replace(rules, body_limit_bytes=value),
        doc="The largest request body, where the Ingress does not say; 0 is unlimited.",
    ),
    _supported(
        name="proxy-connect-timeout",
        default="5",
        type=SECONDS,
        apply=lambda rules, value: _timeout(rules, connect_ms=value * 1000),
        doc="Seconds that one attempt to connect may take, where the Ingress does not say.",
    ),
    _supported(
        name="proxy-read-timeout",
        default="60",
        type=SECONDS,
        apply=lambda rules, value: _timeout(rules, read_ms=value * 1000),
        doc="Seconds between two reads of a response, where the Ingress does not say.",
    ),
    _supported(
        name="proxy-send-timeout",
        default="60",
        type=SECONDS,
        apply=lambda rules, value: _timeout(rules, send_ms=value * 1000),
        doc="Seconds between two writes of a request, where the Ingress does not say.",
    ),
    _idle(
        name="proxy-buffering",
        default="off",
        differs="an answer goes on as it comes, as with off: up to 64 KiB of it wait for the client, and nothing ever "
        "goes to disk",
        instead="remove it; a slow client keeps its endpoint busy until it has read its answer",
        doc="Whether responses are read ahead of the client.",
    ),
    _supported(
        name="proxy-request-buffering",
        default="on",
        type=ON_OFF,
        apply=lambda rules, value: replace(rules, request_body=replace(rules.request_body, buffered=value == "on")),
        doc="Whether a request body is read completely before it is sent on, where the Ingress does not say.",
    ),
    _supported(
        name="proxy-buffer-size",
        default="4k",
        type=HEAD_SIZE,
        apply=lambda rules, _: rules,
        differs="every head of up to 32 KiB is taken, whatever it says, so that no answer fails for want of it",
        doc="The largest head of a response.",
    ),
    _idle(
        name="proxy-buffers-number",
        default="4",
        differs=_NOT_AHEAD,
        instead=_REMOVE_BUFFERS,
        doc="How many buffers there are for a response.",
    ),
    _idle(
        name="proxy-busy-buffers-size",
        differs=_NOT_AHEAD,
        instead=_REMOVE_BUFFERS,
        doc="How much of them may wait for the client.",
    ),
    _idle(
        name="proxy-max-temp-file-size",
        default="1024m",
        neutral=("0",),
        differs="none ever does, as with 0",
        instead="remove it; no part of an answer goes to disk",
        doc="How much of a response may go to disk.",
    ),
    _supported(
        name="proxy-http-version",
        default="1.1",
        type=VERSION,
        apply=lambda rules, value: replace(rules, http10=value == "1.0"),
        doc="The HTTP version spoken to backends, where the Ingress does not say.",
    ),
    _supported(
        name="proxy-next-upstream",
        default="error timeout",
        type=CONDITIONS,
        apply=lambda rules, value: replace(rules, retries=conditions_over(rules.retries, value)),
        doc="When another endpoint is tried, where the Ingress does not say.",
    ),
    _supported(
        name="proxy-next-upstream-timeout",
        default="0",
        type=BUDGET,
        apply=lambda rules, value: _retries(rules, budget_ms=value * 1000),
        doc="Seconds after the first attempt in which another one may begin; 0 is no limit.",
    ),
    _supported(
        name="proxy-next-upstream-tries",
        default="3",
        type=TRIES,
        apply=lambda rules, value: replace(rules, tries=value),
        doc="Attempts in all, the first included; 0 is unlimited, which is 100 here.",
    ),
    _supported(
        name="retry-non-idempotent",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: _retries(rules, non_idempotent=value or rules.retries.non_idempotent),
        doc="Whether POST and the like are tried again after bytes of them were sent, on every route.",
    ),
    _supported(
        name="proxy-cookie-domain",
        default="off",
        type=REPLACEMENT,
        apply=lambda rules, value: _headers(rules, cookie_domain=value),
        doc="Replaces the Domain of cookies that backends set, if it is the first word, by the second, where the "
        "Ingress does not say.",
    ),
    _supported(
        name="proxy-cookie-path",
        default="off",
        type=REPLACEMENT,
        apply=lambda rules, value: _headers(rules, cookie_path=value),
        doc="Replaces the start of the Path of such cookies likewise.",
    ),
    _supported(
        name="proxy-redirect-from",
        default="off",
        neutral=("default",),
        type=PLACE,
        apply=lambda rules, value: _headers(rules, location_from="" if value in ("off", "default") else value),
        doc="The start of a Location or Refresh of backends that proxy-redirect-to replaces, where the Ingress does "
        "not say.",
    ),
    _supported(
        name="proxy-redirect-to",
        default="off",
        type=PLACE,
        apply=lambda rules, value: _headers(rules, location_to="" if value == "off" else value),
        doc="What it is replaced by. Without proxy-redirect-from, of the option or of the Ingress, it does nothing.",
    ),
    _supported(
        name="proxy-ssl-location-only",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: replace(rules, endpoint_tls_shared=not value),
        doc="Whether proxy-ssl annotations hold for the paths of their own Ingress only.",
    ),
    _supported(
        name="upstream-keepalive-connections",
        default="320",
        type=COUNT,
        apply=lambda rules, value: keep(rules, upstream_idle=value),
        differs="without the option, 16384, which is the most",
        doc="Idle connections to backends that each worker keeps in all.",
    ),
    _supported(
        name="upstream-keepalive-time",
        default="1h",
        type=TIME,
        apply=lambda rules, value: keep(rules, upstream_age_ms=value),
        doc="How old such a connection may become before it is not used again.",
    ),
    _supported(
        name="upstream-keepalive-timeout",
        default="60",
        type=TIME,
        apply=keep_upstreams,
        doc="How long such a connection may be idle, in seconds.",
    ),
    _supported(
        name="upstream-keepalive-requests",
        default="10000",
        type=REQUESTS,
        apply=lambda rules, value: keep(rules, upstream_requests=value),
        differs="without the option, `--upstream-keepalive-requests` of the data plane says it: 10000",
        doc="Requests on one such connection.",
    ),
    _supported(
        name="load-balance",
        default="round_robin",
        type=choice("round_robin", "ewma"),
        apply=lambda rules, value: replace(rules, balance=BALANCES[value]),
        doc="How an endpoint is chosen: in turn, or (`ewma`) the less busy of two random ones.",
    ),
    _supported(
        name="upstream-hash-by",
        type=TEMPLATE,
        apply=lambda rules, value: replace(rules, hash_by=value),
        doc="A text with variables; requests that agree in it go to one endpoint, where the Ingress does not say. A "
        "cookie of affinity counts more.",
    ),
    _supported(
        name="upstream-hash-by-subset",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: replace(rules, hash_subset=value),
        doc="Lets upstream-hash-by choose a group of endpoints.",
    ),
    _supported(
        name="upstream-hash-by-subset-size",
        default="3",
        type=COUNT_TYPE,
        apply=lambda rules, value: replace(rules, hash_subset_size=max(value, 1)),
        doc="The size of such a group. 0 counts as 1.",
    ),
    _supported(
        name="service-upstream",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: replace(rules, service_upstream=value),
        doc="Whether requests go to the cluster IP, where the Ingress does not say.",
    ),
    _idle(name="grpc-buffer-size-kb", default="0", doc="Buffer for heads of gRPC responses."),
)
