"""Admission reviews: what is refused, what is only warned of, and what is none of our business."""

from typing import Any

import msgspec
import pytest

from gateway.translate.rules import Rules
from gateway.webhook.judging import judge
from gateway.webhook.review import WARNING_CHARACTERS, NotAReviewError, answer
from tests.golden.stand_ins import rules

RULES: Rules = rules()
PREFIX = "nginx.ingress.kubernetes.io"


def ingress(*, path: str = "/", kind: str = "Ingress", klass: str = "nginx", **annotations: str) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": kind,
        "metadata": {
            "name": "shop",
            "namespace": "shop",
            "annotations": {f"{PREFIX}/{name.replace('_', '-')}": value for name, value in annotations.items()},
        },
        "spec": {
            "ingressClassName": klass,
            "tls": [{"hosts": ["shop.example.com"], "secretName": "none"}],
            "rules": [
                {
                    "host": "shop.example.com",
                    "http": {
                        "paths": [
                            {
                                "path": path,
                                "pathType": "Prefix",
                                "backend": {"service": {"name": "web", "port": {"number": 80}}},
                            }
                        ]
                    },
                }
            ],
        },
    }


def reviewed(new: object, old: object = None, *, operation: str = "CREATE", deny: bool = True) -> dict[str, Any]:
    review = {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {"uid": "u-1", "operation": operation, "object": new, "oldObject": old, "dryRun": False},
    }
    told = msgspec.json.decode(answer(msgspec.json.encode(review), lambda raw: judge(raw, RULES), deny=deny))
    assert (told["apiVersion"], told["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    response: dict[str, Any] = told["response"]
    assert response["uid"] == "u-1"
    return response


def test_a_good_ingress_is_let_in_whatever_else_there_is_in_the_cluster() -> None:
    assert reviewed(ingress()) == {"uid": "u-1", "allowed": True}


AUTH = "http://auth.shop.svc.cluster.local/verify"


@pytest.mark.parametrize(
    "annotations",
    [
        {"auth_type": "basic", "auth_secret": "users"},
        {"auth_type": "basic", "auth_secret": "far/users"},
        {"auth_tls_secret": "shop/clients"},
        {"auth_tls_secret": "far/clients"},
        {"backend_protocol": "HTTPS", "proxy_ssl_secret": "shop/inside"},
        {"custom_headers": "told"},
        {"auth_url": AUTH, "auth_proxy_set_headers": "far/told"},
        {"auth_url": "https://auth.example.com/verify"},
        {"mirror_target": "https://copy.example.com$request_uri"},
        {"custom_http_errors": "404", "default_backend": "errors"},
        {"canary": "true", "canary_weight": "10"},
    ],
)
def test_what_an_ingress_refers_to_may_be_in_the_cluster(annotations: dict[str, str]) -> None:
    assert reviewed(ingress(**annotations)) == {"uid": "u-1", "allowed": True}
    assert reviewed(ingress(path="/a b", **annotations))["allowed"] is False, (
        "what is wrong besides is seen all the same"
    )


def test_a_certificate_may_be_in_a_namespace_that_grants_it() -> None:
    found = ingress()
    found["spec"]["tls"][0]["secretName"] = "far/pair"
    assert reviewed(found) == {"uid": "u-1", "allowed": True}


@pytest.mark.parametrize(
    ("annotations", "code"),
    [
        ({"auth_type": "basic"}, "GW400"),
        ({"auth_type": "basic", "auth_secret": "a b"}, "GW400"),
        ({"auth_tls_secret": "a/b/c"}, "GW400"),
        ({"auth_tls_secret": "shop/clients", "auth_tls_match_cn": "CN=("}, "GW400"),
        ({"backend_protocol": "HTTPS", "proxy_ssl_verify": "on"}, "GW400"),
        ({"auth_url": "http://127.0.0.1/verify"}, "GW422"),
        ({"auth_url": "http://169.254.169.254/"}, "GW422"),
    ],
)
def test_a_reference_that_is_wrong_by_itself_is_refused(annotations: dict[str, str], code: str) -> None:
    response = reviewed(ingress(**annotations))
    assert response["allowed"] is False
    assert code in response["status"]["message"]


def test_an_error_refuses_and_says_code_field_and_fix() -> None:
    response = reviewed(ingress(path="/a b"))
    assert response["allowed"] is False
    assert response["status"]["code"] == 422
    assert "GW223" in response["status"]["message"]
    assert "spec.rules[0].http.paths[0].path" in response["status"]["message"]


def test_a_snippet_is_refused_by_name() -> None:
    response = reviewed(ingress(configuration_snippet="return 403;"))
    assert response["allowed"] is False
    assert "configuration-snippet" in response["status"]["message"]


def test_a_warning_lets_in_and_is_told() -> None:
    response = reviewed(ingress(proxy_read_timeout="7s"))
    assert response["allowed"] is True
    (warning,) = response["warnings"]
    assert "GW282" in warning
    assert len(warning) <= WARNING_CHARACTERS


def test_with_warn_only_an_error_is_a_warning() -> None:
    response = reviewed(ingress(path="/a b"), deny=False)
    assert response["allowed"] is True
    assert "GW223" in response["warnings"][0]


def test_what_was_wrong_before_does_not_keep_anybody_from_editing() -> None:
    old = ingress(path="/a b")
    new = ingress(path="/a b", proxy_body_size="8m")
    response = reviewed(new, old, operation="UPDATE")
    assert response["allowed"] is True
    assert "GW223" in response["warnings"][0]
    assert reviewed(ingress(path="/a c"), old, operation="UPDATE")["allowed"] is False


@pytest.mark.parametrize(
    "new", [ingress(path="/a b", klass="traefik"), {"apiVersion": "v1", "kind": "Pod"}, "nonsense", None, 3]
)
def test_others_are_none_of_our_business(new: object) -> None:
    assert reviewed(new) == {"uid": "u-1", "allowed": True}


def test_whoever_deletes_may() -> None:
    assert reviewed(None, ingress(path="/a b"), operation="DELETE") == {"uid": "u-1", "allowed": True}


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"apiVersion":"v1","kind":"Pod","request":{"uid":"1"}}', b"\xff\xfe", b"{" * 5000]
)
def test_what_is_no_review_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(NotAReviewError):
        answer(body, lambda raw: judge(raw, RULES))
