"""Answers that send clients elsewhere."""

from tests.compare_nginx.scene import Rules, Scene, get, post

TO_HTTPS = "if ($scheme = http) { return 308 https://$host$without_last_slash; }"
KEPT = "if ($scheme = http) { return 308 https://$host$request_uri; }"
PROXY = "proxy_pass http://one;"

SCENES = (
    Scene(
        "https",
        f"location / {{ {TO_HTTPS} {PROXY} }}",
        (
            get("/"),
            get("/a/"),
            get("/a/?x=1/"),
            get("/a?b=c"),
            get("/a/?x=1"),
            get("//a"),
            get("/a/../b"),
            get("/%61"),
            get("/a?"),
            get("/", host="HTTPS.example:8080"),
            get("/", "X-Forwarded-Proto: https"),
            get("/", "X-Forwarded-Host: evil.example"),
            post("/form", b"a=b"),
            get("/", tls=True),
            get("/x", "Do-Header: Strict-Transport-Security: max-age=1", tls=True),
            get("/x", "Do-Status: 500", tls=True),
        ),
        rules=(Rules(tls=True),),
    ),
    Scene(
        "forced",
        f"location / {{ {TO_HTTPS} {PROXY} }}",
        (get("/a"), get("/a", tls=True)),
        rules=(Rules(notes={"force_ssl_redirect": "true"}),),
    ),
    Scene(
        "kept",
        f"location / {{ {KEPT} {PROXY} }}",
        (get("/"), get("/a/"), get("/a/?b/")),
        rules=(Rules(notes={"preserve_trailing_slash": "true"}, tls=True),),
    ),
    Scene(
        "open",
        f"location / {{ {PROXY} }}",
        (get("/"), get("/", tls=True), get("/", "Do-Header: Location: http://open.example/x", "Do-Status: 302")),
        rules=(Rules(notes={"ssl_redirect": "false"}, tls=True),),
    ),
    Scene(
        "challenge",
        f"""
    location = /.well-known/acme-challenge/token {{ proxy_pass http://two; }}
    location / {{ {TO_HTTPS} {PROXY} }}
""",
        (get("/.well-known/acme-challenge/token"), get("/.well-known/acme-challenge/other"), get("/x")),
        rules=(
            Rules(tls=True),
            Rules((("/.well-known/acme-challenge/token", "Exact", "two"),), tls=True),
        ),
    ),
    Scene(
        "approot",
        f"if ($uri = /) {{ return 302 $scheme://$http_host/home; }} location / {{ {TO_HTTPS} {PROXY} }}",
        (
            get("/"),
            get("/?a=b"),
            get("/", host="approot.example:8080"),
            get("/x"),
            get("/", tls=True),
            get("/home", tls=True),
            post("/", b"x"),
        ),
        rules=(Rules(notes={"app_root": "/home"}, tls=True),),
    ),
    Scene(
        "moved",
        "location / { return 301 https://new.example/a?b; }",
        (get("/"), get("/x?y=z"), get("/", tls=True), post("/", b"x"), get("/", host="moved.example:8080")),
        rules=(Rules(notes={"permanent_redirect": "https://new.example/a?b"}, tls=True),),
    ),
    Scene(
        "code",
        "location / { return 307 https://new.example; }",
        (get("/x"),),
        rules=(Rules(notes={"permanent_redirect": "https://new.example", "permanent_redirect_code": "307"}),),
    ),
    Scene(
        "now",
        "location / { return 302 https://now.example/; }",
        (get("/x?y"), get("/", tls=True)),
        rules=(
            Rules(
                notes={"permanent_redirect": "https://new.example", "temporal_redirect": "https://now.example/"},
                tls=True,
            ),
        ),
    ),
    Scene(
        "relative",
        f"absolute_redirect off; location /a/ {{ {PROXY} }} location / {{ return 404; }}",
        (get("/a"), get("/a?b=c"), get("/a/")),
        rules=(Rules((("/a/", "Prefix", "one"),), {"relative_redirects": "true"}),),
    ),
    Scene(
        "slash",
        f"location /a/ {{ {PROXY} }} location / {{ {TO_HTTPS} return 404; }}",
        (get("/a"), get("/a", host="slash.example:8080"), get("/a", tls=True), get("/a?b=/c"), post("/a", b"x")),
        rules=(Rules((("/a/", "Prefix", "one"),), {"ssl_redirect": "false"}, tls=True),),
    ),
    Scene(
        "site",
        f"location / {{ {PROXY} }}",
        (
            get("/", host="www.site.example"),
            get("/a/b?c=d", host="www.site.example"),
            get("/a/", host="www.site.example"),
            get("/a/", host="WWW.site.example:8080"),
            get("/x", host="www.site.example", tls=True),
            get("/"),
        ),
        rules=(Rules(notes={"from_to_www_redirect": "true"}),),
        servers={
            "www.site.example": "set $port 80; if ($https) { set $port 443; }\n"
            "    return 308 $scheme://site.example:$port$without_last_slash;"
        },
    ),
)
