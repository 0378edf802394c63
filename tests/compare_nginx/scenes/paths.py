"""Which path a request is for, and what the backend is told that it is."""

from tests.compare_nginx.scene import Rules, Scene, get

TYPES = """
    location = /exact { proxy_pass http://two; }
    location /exact/ { proxy_pass http://one; }
    location = /prefix { proxy_pass http://one; }
    location /prefix/ { proxy_pass http://one; }
    location = /prefix/deep { proxy_pass http://two; }
    location /prefix/deep/ { proxy_pass http://two; }
    location /slash/ { proxy_pass http://one; }
    location = /both { proxy_pass http://two; }
    location /both/ { proxy_pass http://one; }
    location = /Upper { proxy_pass http://one; }
    location /Upper/ { proxy_pass http://one; }
    location = /free { proxy_pass http://two; }
    location /free/ { proxy_pass http://two; }
    location = /a.b-c_d { proxy_pass http://one; }
    location /a.b-c_d/ { proxy_pass http://one; }
    location / { return 404; }
"""

NORMAL = """
    location = /a { proxy_pass http://one; }
    location /a/ { proxy_pass http://one; }
    location = /a/b { proxy_pass http://two; }
    location /a/b/ { proxy_pass http://two; }
    location / { return 404; }
"""

SCENES = (
    Scene(
        "types",
        TYPES,
        tuple(
            get(target)
            for target in (
                "/exact",
                "/exact/",
                "/exact/x",
                "/exactly",
                "/Exact",
                "/prefix",
                "/prefix/",
                "/prefix/x",
                "/prefixed",
                "/PREFIX",
                "/prefix/deep",
                "/prefix/deep/er",
                "/prefix/deeper",
                "/slash",
                "/slash?a=b",
                "/slash/",
                "/slash/x",
                "/both",
                "/both/x",
                "/Upper/x",
                "/upper/x",
                "/free/x",
                "/freed",
                "/a.b-c_d/x",
                "/aXb-c_d",
                "/",
                "/none",
                "/exact?a=b",
                "/exact?",
            )
        ),
        rules=(
            Rules(
                (
                    ("/exact", "Exact", "two"),
                    ("/exact/", "Prefix", "one"),
                    ("/prefix", "Prefix", "one"),
                    ("/prefix/deep", "Prefix", "two"),
                    ("/slash/", "Prefix", "one"),
                    ("/both", "Exact", "two"),
                    ("/both", "Prefix", "one"),
                    ("/Upper", "Prefix", "one"),
                    ("/free", "ImplementationSpecific", "two"),
                    ("/a.b-c_d", "Prefix", "one"),
                )
            ),
        ),
    ),
    Scene(
        "root",
        "location = / { proxy_pass http://two; } location / { proxy_pass http://one; }",
        (get("/"), get("/x"), get("/?x"), get("//"), get("/."), get("/x/.."), get("/index.html")),
        rules=(Rules((("/", "Exact", "two"), ("/", "Prefix", "one"))),),
    ),
    Scene(
        "normal",
        NORMAL,
        tuple(
            get(target)
            for target in (
                "//a",
                "/a//b",
                "/a///b//c",
                "/a/./b",
                "/a/x/../b",
                "/a/b/..",
                "/a/b/../",
                "/a/b/../../none",
                "/..",
                "/../a",
                "/a/../../b",
                "/a/%2e/b",
                "/a/%2E%2e/a/b",
                "/a/.%2e/none",
                "/%61",
                "/%61/%62",
                "/a%2Fb",
                "/a%2fb",
                "/a/b%2Fc",
                "/a/b%5Cc",
                "/a\\b",
                "/a/b;c=d",
                "/a/b%3Bc",
                "/a/b%20c",
                "/a/b+c",
                "/a/b%3Fc",
                "/a/b%23c",
                "/a/b%25c",
                "/a/b%252Fc",
                "/a/b#c",
                "/a/%C3%A9",
                "/a/\xc3\xa9",
                "/a/%FF",
                "/a/%00",
                "/a/%zz",
                "/a/%",
                "/a/%2",
                "/a/%7F",
                "/a/%0d%0a",
                "/a/:@!$&'()*,=~",
                "/a/[b]",
                "/a/b|c",
                "/a/{b}",
                "/a/b^c",
                "/a/b`c",
                '/a/"b"',
                "/a/<b>",
                "/a/b/..;x=1/c",
                "/a/...",
                "/a/.b",
                "/a/b.",
                "/a/..b",
            )
        ),
        rules=(Rules((("/a", "Prefix", "one"), ("/a/b", "Prefix", "two"))),),
    ),
    Scene(
        "query",
        "location / { proxy_pass http://one; }",
        tuple(
            get(target)
            for target in (
                "/?",
                "/?a=b&a=c",
                "/??",
                "/?a=%zz",
                "/?a=%00",
                "/?/../x",
                "/?a//b",
                "/?a=\xff",
                "/?a=<>\"'{}|\\^`",
                "/?http://x.example/",
                "/x?a#b",
                "/?a=b+c%20d",
                "/?&&=&",
            )
        ),
    ),
)
