"""The options of the ConfigMap: all are known, those that work change the rules, and none is ignored in silence."""

from typing import Any

import msgspec
import pytest

from gateway.ir.connections import Connections
from gateway.ir.filters import Blocked, Listed, Replacement
from gateway.ir.ids import BackendId
from gateway.ir.log import AccessLog
from gateway.ir.policy import RequestBody, Retries, Timeouts
from gateway.objects.core import ConfigMap
from gateway.objects.meta import Metadata, ObjectKey
from gateway.store.events import Upsert
from gateway.store.store import Store
from gateway.translate.authorisation import ExternalAsked, Place
from gateway.translate.compression import Asked
from gateway.translate.configmap.read import judge_options, with_options
from gateway.translate.configmap.table import BY_NAME, TABLE
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.asked import HeadersAsked, LimitsAsked, Redirects
from gateway.translate.translate import Translator
from gateway.verdicts.verdict import ObjectRef, Severity
from tests.golden.objects import load, store_of
from tests.golden.stand_ins import rules
from tests.unit.translate.live_options import LIVE

BAD_LISTS = ("~(", "~*[", "a b", "'a", "~", '"~*"', "include", ",", "a;b", "~a{2}", '"a\tb"')
_A_TO_B = Replacement("a", "b")
SUBJECT = ObjectRef("ConfigMap", "ingress", "options")
KEY = ObjectKey(*msgspec.structs.astuple(SUBJECT))


def test_every_option_is_known_once() -> None:
    assert len(BY_NAME) == len(TABLE)
    assert {row.name for row in TABLE if row.support is not Support.REMOVED} == LIVE
    assert len(LIVE) >= 192


def test_every_option_has_its_support_its_reason_and_its_verdict() -> None:
    for row in TABLE:
        assert row.doc.endswith("."), row.name
        if row.support is Support.SUPPORTED:
            continue
        verdicts = list(judge_options(SUBJECT, {row.name: "something else;"}, rules()))
        assert [verdict.field for verdict in verdicts] == [f"data[{row.name}]"], row.name
        assert all(verdict.reason and verdict.fix for verdict in verdicts), row.name


def test_exactly_the_supported_are_read() -> None:
    for row in TABLE:
        assert (row.apply is not None) is (row.support is Support.SUPPORTED), row.name


def test_what_protects_is_an_error_without_effect() -> None:
    for row in TABLE:
        if row.guard and row.support is not Support.SUPPORTED:
            (verdict,) = judge_options(SUBJECT, {row.name: "something"}, rules())
            assert verdict.severity is Severity.ERROR, row.name


UNLOGGED = {"logged": False, "log": AccessLog(enabled=False)}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_value_that_asks_for_what_happens_anyway_is_taken_without_a_word(row: Any) -> None:
    for value in ("", row.default, *row.neutral):
        assert list(judge_options(SUBJECT, {row.name: value}, rules())) == []
        if not row.differs and row.default:
            assert with_options(rules(), {row.name: row.default}) == with_options(rules(), {})


@pytest.mark.parametrize(
    ("data", "changed"),
    [
        ({"hsts": "false"}, {"hsts": None}),
        ({"hsts": "false", "hsts-max-age": "1"}, {"hsts": None}),
        ({"hsts-max-age": "1"}, {"hsts": "max-age=1; includeSubDomains"}),
        ({"hsts-include-subdomains": "false", "hsts-preload": "true"}, {"hsts": "max-age=31536000; preload"}),
        ({"hsts-preload": "true"}, {"hsts": "max-age=31536000; includeSubDomains; preload"}),
        ({"ssl-redirect": "false"}, {"ssl_redirect": False}),
        ({"force-ssl-redirect": "true"}, {"force_ssl_redirect": True}),
        ({"http-redirect-code": "301"}, {"https_redirect_status": 301}),
        ({"http-redirect-code": "300"}, {}),
        ({"no-tls-redirect-locations": "/a,/b"}, {"no_tls_redirect_locations": ("/a", "/b")}),
        ({"proxy-connect-timeout": "7", "proxy-read-timeout": "8"}, {"timeouts": Timeouts(7_000, 60_000, 8_000)}),
        ({"proxy-send-timeout": "7s"}, {}),
        ({"proxy-body-size": "8m"}, {"body_limit_bytes": 8 << 20}),
        ({"proxy-next-upstream-tries": "5"}, {"tries": 5}),
        ({"proxy-next-upstream-tries": "0"}, {"tries": 100}),
        ({"proxy-next-upstream": "http_503 off"}, {"retries": Retries(error=False, timeout=False)}),
        (
            {"proxy-next-upstream": "error http_429", "proxy-next-upstream-timeout": "9"},
            {"retries": Retries(timeout=False, statuses=(429,), budget_ms=9_000)},
        ),
        (
            {"proxy-next-upstream": "error", "retry-non-idempotent": "true"},
            {"retries": Retries(timeout=False, non_idempotent=True)},
        ),
        ({"proxy-request-buffering": "off"}, {"request_body": RequestBody(buffered=False)}),
        ({"client-body-buffer-size": "1m"}, {"request_body": RequestBody(memory_bytes=1 << 20)}),
        ({"proxy-http-version": "1.0"}, {"http10": True}),
        ({"service-upstream": "true"}, {"service_upstream": True}),
        ({"strict-validate-path-type": "false"}, {"strict_path_type": False}),
        ({"whitelist-source-range": "10.0.0.0/8"}, {"allow": ("10.0.0.0/8",)}),
        ({"whitelist-source-range": "10.0.0.0/99"}, {"closed_by": "whitelist-source-range"}),
        ({"block-cidrs": "x"}, {"closed_by": "block-cidrs"}),
        (
            {"block-user-agents": 'curl/8.0, ~Bot,~*SPIDER , "~*a b", \\~x', "block-referers": "''"},
            {
                "blocked": Blocked(
                    Listed(texts=("curl/8.0", "~x"), patterns=("Bot",), patterns_in_any_case=("SPIDER", "a b")),
                    Listed(texts=("",)),
                )
            },
        ),
        *(({"block-referers": text}, {"closed_by": "block-referers"}) for text in BAD_LISTS),
        ({"allow-cross-namespace-resources": "true"}, {"cross_namespace": True}),
        ({"generate-request-id": "false"}, {"makes_ids": False}),
        ({"allow-backend-server-header": "true"}, {"server_header": True}),
        ({"forwarded-host-header": "X-Asked-For"}, {"original_host_in": "x-asked-for"}),
        ({"forwarded-host-header": "x-forwarded-host"}, {}),
        ({"limit-conn-zone-variable": "$remote_addr"}, {}),
        ({"limit-conn-zone-variable": "$http_x_tenant"}, {"limits_by": "$http_x_tenant"}),
        ({"limit-conn-zone-variable": "$nonsense"}, {}),
        ({"enable-modsecurity": "true"}, {"closed_by": "enable-modsecurity"}),
        ({"enable-modsecurity": "false"}, {}),
        (
            {"global-auth-url": "http://auth.example/", "global-auth-response-headers": "X-A"},
            {
                "external": ExternalAsked(
                    Place(BackendId("", "auth.example", "80"), "auth.example", "/"), response_headers=("X-A",)
                )
            },
        ),
        ({"global-auth-url": "auth.example"}, {"external": ExternalAsked(broken=True)}),
        ({"global-auth-snippet": "deny all;"}, {"external": ExternalAsked(broken=True)}),
        ({"no-auth-locations": "/a,/b"}, {"no_auth_locations": ("/a", "/b")}),
        ({"limit-req-status-code": "429"}, {"rate_status": 429}),
        ({"custom-http-errors": "404,503"}, {"custom_errors": (404, 503)}),
        ({"proxy-cookie-domain": "a b", "proxy-cookie-path": "off"}, {"headers": HeadersAsked(cookie_domain=_A_TO_B)}),
        ({"proxy-cookie-path": "a b"}, {"headers": HeadersAsked(cookie_path=_A_TO_B)}),
        (
            {"proxy-redirect-from": "http://a/", "proxy-redirect-to": "/b/"},
            {"headers": HeadersAsked(location_from="http://a/", location_to="/b/")},
        ),
        ({"proxy-redirect-from": "default"}, {}),
        ({"proxy-redirect-from": "~a"}, {}),
        ({"upstream-hash-by": "$request_uri"}, {"hash_by": "$request_uri"}),
        ({"upstream-hash-by": "$nonsense"}, {}),
        (
            {"upstream-hash-by-subset": "true", "upstream-hash-by-subset-size": "0"},
            {"hash_subset": True, "hash_subset_size": 1},
        ),
        ({"preserve-trailing-slash": "true"}, {"redirects": Redirects(keep_slash=True)}),
        (
            {"relative-redirects": "true", "use-port-in-redirects": "true"},
            {"redirects": Redirects(relative=True, port=True)},
        ),
        ({"limit-rate": "2", "limit-rate-after": "1"}, {"limits": LimitsAsked(rate=2_048, rate_after=1_024)}),
        ({"proxy-buffer-size": "16k"}, {}),
        ({"use-gzip": "true", "gzip-level": "9"}, {"compression": Asked(gzip=True, gzip_level=9)}),
        ({"use-gzip": "on", "gzip-level": "0", "gzip-min-length": "1k", "gzip-types": "text"}, {}),
        ({"gzip-types": "a/b text/html\n A/B *"}, {"compression": Asked(gzip_types=("a/b", "*"))}),
        ({"gzip-types": " ".join(f"a/{number}" for number in range(200))}, {}),
        ({"gzip-disable": "MSIE [1-6]\\."}, {"compression": Asked(gzip_disable="MSIE [1-6]\\.")}),
        ({"gzip-disable": "(", "brotli-level": "12"}, {}),
        ({"enable-brotli": "true", "brotli-level": "11"}, {"compression": Asked(brotli=True, brotli_level=6)}),
        ({"hide-headers": "X-A, X-B"}, {"hidden_headers": ("X-A", "X-B")}),
        ({"disable-access-log": "true", "disable-http-access-log": "false"}, UNLOGGED),
        ({"disable-http-access-log": "true"}, UNLOGGED),
        ({"proxy-add-original-uri-header": "true"}, {"original_uri": True}),
        ({"keep-alive": "30"}, {"connections": Connections(client_idle_ms=30_000)}),
        ({"keep-alive": "0", "keep-alive-requests": "9"}, {"connections": Connections(client_requests=1)}),
        ({"keep-alive-requests": "0"}, {"connections": Connections(client_requests=1)}),
        ({"keep-alive-requests": "-1"}, {}),
        ({"client-header-timeout": "60"}, {"connections": Connections(header_timeout_ms=60_000)}),
        ({"client-header-timeout": "0"}, {}),
        ({"client-body-timeout": "1m 30s"}, {"connections": Connections(body_timeout_ms=90_000)}),
        ({"client-body-timeout": "1x"}, {}),
        (
            {"large-client-header-buffers": "8 16k"},
            {"connections": Connections(request_line_bytes=16 << 10, head_bytes=60 << 10)},
        ),
        ({"large-client-header-buffers": "4 1"}, {}),
        ({"large-client-header-buffers": "16k"}, {}),
        ({"enable-underscores-in-headers": "true"}, {"connections": Connections(underscores=True)}),
        ({"upstream-keepalive-connections": "320"}, {"connections": Connections(upstream_idle=320)}),
        ({"upstream-keepalive-timeout": "4"}, {"connections": Connections(upstream_idle_ms=4_000)}),
        ({"upstream-keepalive-timeout": "0"}, {"connections": Connections(upstream_idle=0)}),
        ({"upstream-keepalive-time": "30m"}, {"connections": Connections(upstream_age_ms=1_800_000)}),
        ({"upstream-keepalive-time": "90000y"}, {"connections": Connections(upstream_age_ms=2_592_000_000)}),
        ({"upstream-keepalive-requests": "1"}, {"connections": Connections(upstream_requests=1)}),
        ({"server-snippet": "if ($http_user_agent ~ bot) { return 403; }"}, {"closed_by": "server-snippet"}),
        ({"location-snippet": "access_by_lua_block { ngx.exit(403) }"}, {"closed_by": "location-snippet"}),
        ({"http-snippet": "more_set_headers 'A: b'; # deny all;"}, {}),
        ({"http-snippet": "map $a $b { default 0; }"}, {"closed_by": "http-snippet"}),
        ({"http-snippet": 'add_header a b"; deny all; #";'}, {"closed_by": "http-snippet"}),
        ({"http-snippet": 'log_format j \'{"a": "$host"; }\'; access_log /a j;'}, {}),
        ({"stream-snippet": "deny all;", "main-snippet": "load_module x;"}, {}),
        ({"made-up": "1"}, {}),
    ],
)
def test_an_option_changes_the_rules(data: dict[str, str], changed: dict[str, Any]) -> None:
    assert with_options(rules(), data) == rules(**changed)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("proxy-body-size", "much", "GW331"),
        ("proxy-body-sise", "8m", "GW330"),
        ("enable-opentelemetry", "true", "GW320"),
        ("enable-modsecurity", "true", "GW321"),
        ("block-cidrs", "10.0.0.0/99", "GW335"),
        ("limit-req-status-code", "42", "GW331"),
        ("worker-processes", "7", "GW332"),
        ("enable-opentracing", "true", "GW333"),
        ("compute-full-forwarded-for", "true", "GW325"),
        ("forwarded-for-header", "X-Real-IP", "GW325"),
        ("proxy-real-ip-cidr", "10.0.0.0/8", "GW325"),
        ("http-snippet", "deny all;", "GW336"),
        ("http-snippet", "gzip on; log_format a '$host {}';", "GW334"),
        ("main-snippet", "user nobody;", "GW334"),
        ("plugins", "hello", "GW336"),
    ],
)
def test_what_is_not_honoured_has_a_verdict(name: str, value: str, code: str) -> None:
    (verdict,) = judge_options(SUBJECT, {name: value}, rules())
    assert (verdict.code, verdict.field, verdict.value) == (code, f"data[{name}]", value)
    assert verdict.fix


INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a, namespace: default, annotations: {nginx.ingress.kubernetes.io/proxy-read-timeout: "3"}}
spec:
  ingressClassName: nginx
  rules:
  - host: a.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: mapped, port: {number: 80}}}}]}
"""


def test_a_change_of_the_config_map_is_served_at_once_and_an_annotation_counts_more() -> None:
    settings = rules(options=KEY)
    store = store_of(load(INGRESS))
    translator = Translator(store, settings)
    translator.update(store.take_dirty())
    for seconds in ("9", "8"):
        changes = _update(store, translator, {"proxy-connect-timeout": seconds, "proxy-read-timeout": seconds})
        table = changes.hosts["main", "a.example"]
        assert table is not None
        timeouts = table.routes[0].policy.timeouts
        assert (timeouts.connect_ms, timeouts.read_ms) == (int(seconds) * 1000, 3_000)
    assert (
        _update(store, translator, {"proxy-connect-timeout": "8", "proxy-read-timeout": "8", "use-gzip": "false"}).hosts
        == {}
    )
    assert _update(store, translator, {}).hosts.keys() == {("main", "a.example")}


def test_its_order_of_arrival_has_no_say() -> None:
    """The Ingress first or the ConfigMap first: the same is served."""
    settings = rules(options=KEY)
    data = {"proxy-body-size": "3m", "hsts": "false"}
    one, other = Store(), store_of(load(INGRESS))
    first = Translator(one, settings)
    _update(one, first, data)
    one.apply([Upsert(ObjectKey("Ingress", "default", "a"), ingress) for ingress in other.ingresses()])
    changes = first.update(one.take_dirty())
    second = Translator(other, settings)
    second.update(other.take_dirty())
    assert _update(other, second, data).hosts == changes.hosts


def _update(store: Store, translator: Translator, data: dict[str, str]) -> Any:
    store.apply([Upsert(KEY, ConfigMap(Metadata(name=KEY.name, namespace=KEY.namespace), data))])
    return translator.update(store.take_dirty())


def test_whoever_takes_it_upon_himself_is_served_without_snippets() -> None:
    data = {"http-snippet": "deny 10.0.0.0/8;", "plugins": "hello"}
    assert with_options(rules(without_snippets=True), data) == rules(without_snippets=True)
    said = list(judge_options(SUBJECT, data, rules(without_snippets=True)))
    assert [one.code for one in said] == ["GW334", "GW334"]
    assert "denylist-source-range" in said[0].fix
