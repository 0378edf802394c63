"""What people write into snippets, and what is named in its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.translate.configmap.table import BY_NAME as OPTIONS
from gateway.translate.ingress.annotations.idioms import ADVISED, DIRECTIVES, SAME, advice, idioms
from gateway.translate.ingress.annotations.table import BY_NAME


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ('add_header X-Frame-Options "DENY" always;', ("custom-headers",)),
        ("add_header Strict-Transport-Security max-age=1;", "ConfigMap hsts"),
        ('more_set_headers "Access-Control-Allow-Origin: *";', ("enable-cors", "cors-allow-origin")),
        ("proxy_set_header Host internal.example;", ("upstream-vhost",)),
        ("proxy_set_header X-Team shop;", ("ConfigMap proxy-set-headers",)),
        ("proxy_set_header X-Real-IP $remote_addr;", ("remove it",)),
        ("return 301 https://new.example$request_uri;", ("permanent-redirect", "permanent-redirect-code")),
        ("return 302 https://new.example;", ("temporal-redirect", "temporal-redirect-code")),
        ("return 403;", ("denylist-source-range",)),
        ("rewrite ^/a/(.*)$ /$1 break;", ("rewrite-target", "use-regex")),
        ("rewrite ^ https://new.example permanent;", ("permanent-redirect",)),
        ("deny 10.0.0.0/8;", ("denylist-source-range",)),
        ("allow 10.0.0.0/8;", ("allowlist-source-range",)),
        ('if ($http_x_canary = "1") {', ("canary-by-header", "canary-by-header-value")),
        ("proxy_read_timeout 300s;", ("proxy-read-timeout",)),
        ("client_max_body_size 20m;", ("proxy-body-size",)),
        ("access_by_lua_block {", ()),
        ("some_module_thing 1;", ()),
    ],
)
def test_an_idiom_is_recognised(text: str, instead: tuple[str, ...] | str) -> None:
    (one, *_) = idioms(text)
    assert instead in (one.instead, one.instead[0] if one.instead else "")


def test_blocks_are_looked_into_and_comments_are_not() -> None:
    text = """
    # deny all;
    if ($http_user_agent ~ "bad; bot") {
      return 403;  # add_header X 1;
    }
    """
    assert [one.written.split()[0] for one in idioms(text)] == ["if", "return"]


def test_advice_is_one_sentence_with_everything_in_it() -> None:
    text = advice("deny all; proxy_buffering on;")
    assert text.startswith("deny all → denylist-source-range (")
    assert text.endswith("; proxy_buffering on → proxy-buffering (the same value)")


def test_every_name_that_is_given_exists() -> None:
    for names, _ in SAME.values():
        for name in names:
            plain = name.removeprefix("ConfigMap ")
            known = OPTIONS if plain != name else BY_NAME
            assert plain in known or plain in {"remove it", "spec.rules"}, name


@given(st.text(max_size=400))
def test_any_text_is_survived_and_bounded(text: str) -> None:
    assert len(idioms(text)) <= DIRECTIVES
    assert advice(text).count("→") <= ADVISED + text.count("→")


def test_a_huge_snippet_does_not_take_long() -> None:
    assert len(idioms("add_header a b;" * 50_000)) == 1
    assert idioms('"' * 60_000) == []
