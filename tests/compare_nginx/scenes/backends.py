"""Which backend answers: another one in place of an error, the next one, a canary."""

from tests.compare_nginx.scene import Ask, Rules, Scene, get, post

PAGE = """
    location @page{status} {{
      internal;
      include told;
      proxy_intercept_errors off;
      proxy_method GET;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Transfer-Encoding "";
      proxy_set_header X-Code {status};
      proxy_set_header X-Format $http_accept;
      proxy_set_header X-Original-URI $request_uri;
      proxy_set_header X-Namespace default;
      proxy_set_header X-Ingress-Name {scene}-0;
      proxy_set_header X-Service-Name one;
      proxy_set_header X-Service-Port 80;
      rewrite (.*) / break;
      proxy_pass http://errors;
    }}
"""


def pages(scene: str, *statuses: int) -> str:
    return "".join(PAGE.format(status=status, scene=scene) for status in statuses)


def intercepted(*statuses: int) -> str:
    return "proxy_intercept_errors on; " + " ".join(f"error_page {one} = @page{one};" for one in statuses)


CANARY = "location / {{ set $chosen {name}; {rules} proxy_pass http://$chosen; }}"
NEXT = "location / { proxy_next_upstream %s; proxy_pass http://%s; }"

SCENES = (
    Scene(
        "pages",
        f"location / {{ {intercepted(404, 503)} proxy_pass http://one; }}" + pages("pages", 404, 503),
        (
            get("/"),
            get("/a?b", "Do-Status: 404", "Accept: text/html"),
            get("/a", "Do-Status: 503", "Do-Header: X-Own: x"),
            get("/a", "Do-Status: 403"),
            post("/a", b"body", "Do-Status: 404"),
            get("/a", "Do-Status: 404", "X-Code: 999", "X-Service-Name: spoofed"),
        ),
        rules=(Rules(notes={"custom_http_errors": "404,503", "default_backend": "errors"}),),
    ),
    Scene(
        "own-pages",
        f"""
    location / {{
      {intercepted(403, 413, 502)}
      client_max_body_size 2;
      proxy_pass http://one;
    }}
"""
        + pages("own-pages", 403, 413, 502),
        (post("/", b"long"), get("/", "Do-Break: yes"), get("/", "Do-Status: 403"), get("/", "Do-Status: 500")),
        rules=(
            Rules(
                notes={"custom_http_errors": "403,413,502", "default_backend": "errors", "proxy_body_size": "2"},
            ),
        ),
    ),
    Scene(
        "bodies",
        "location / { client_max_body_size 10; proxy_pass http://one; } location = /any { client_max_body_size 0; "
        "proxy_pass http://one; } location /any/ { client_max_body_size 0; proxy_pass http://one; }",
        (
            post("/", b"x" * 10, name="as long as allowed"),
            post("/", b"x" * 11, name="one byte longer"),
            Ask("POST /", ("Transfer-Encoding: chunked",), b"5\r\nhello\r\n0\r\n\r\n", name="chunks"),
            Ask("POST /", ("Transfer-Encoding: chunked",), b"b\r\nhello world\r\n0\r\n\r\n", name="long chunks"),
            Ask("POST /", ("Transfer-Encoding: Chunked",), b"5\r\nhello\r\n0\r\nX-Trailer: x\r\n\r\n", name="trailer"),
            post("/any", b"x" * 70_000, name="without a limit"),
            Ask("PUT /", (), b"put"),
            Ask("DELETE /", (), b"del", name="DELETE with a body"),
            Ask("DELETE /"),
            Ask("GET /", (), b"get"),
            Ask("POST /", ("Content-Length: 0",), name="empty"),
            Ask("POST /", name="no length"),
            post("/", b"x" * 5, "Expect: 100-continue", name="expected"),
            post("/", b"x" * 11, "Expect: 100-continue", name="expected, but too long"),
            post("/", b"x" * 5, "Content-Encoding: gzip", "Content-Type: a/b", name="encoded"),
        ),
        rules=(
            Rules(notes={"proxy_body_size": "10"}),
            Rules((("/any", "Prefix", "one"),), {"proxy_body_size": "0"}),
        ),
    ),
    Scene(
        "megabyte",
        "location / { proxy_pass http://one; }",
        (post("/", b"x" * (1 << 20), name="1 MiB"), post("/", b"x" * ((1 << 20) + 1), name="1 MiB and a byte")),
    ),
    Scene(
        "half",
        "location / { proxy_pass http://half; }",
        (post("/", b"x"), get("/", "Do-Break: yes")),
        rules=(Rules((("/", "Prefix", "half"),)),),
    ),
    Scene(
        "gone",
        "location / { proxy_pass http://gone; }",
        (get("/"), post("/", b"x"), Ask("HEAD /")),
        rules=(Rules((("/", "Prefix", "gone"),)),),
    ),
    Scene(
        "slow",
        "location / { proxy_read_timeout 1s; proxy_pass http://silent; }",
        (post("/", b"x"),),
        rules=(Rules((("/", "Prefix", "silent"),), {"proxy_read_timeout": "1"}),),
    ),
    Scene(
        "thrice",
        NEXT % ("error timeout http_503 http_404", "three"),
        (
            get("/"),
            get("/", "Do-Status: 503"),
            get("/", "Do-Status: 404"),
            get("/", "Do-Status: 500"),
            post("/", b"x", "Do-Status: 503"),
            Ask("PUT /", ("Do-Status: 503",), b"x"),
            Ask("HEAD /", ("Do-Status: 503",)),
            Ask("OPTIONS /", ("Do-Status: 503",)),
            Ask("PATCH /", ("Do-Status: 503",), b"x"),
            get("/", "Do-Break: yes"),
            post("/", b"x", "Do-Break: yes"),
        ),
        rules=(Rules((("/", "Prefix", "three"),), {"proxy_next_upstream": "error timeout http_503 http_404"}),),
    ),
    Scene(
        "thrice-any",
        NEXT % ("error timeout http_503 non_idempotent", "three"),
        (post("/", b"x", "Do-Status: 503"), post("/", b"x", "Do-Break: yes"), Ask("PATCH /", ("Do-Break: yes",), b"x")),
        rules=(Rules((("/", "Prefix", "three"),), {"proxy_next_upstream": "error timeout http_503 non_idempotent"}),),
    ),
    Scene(
        "twice",
        "location / { proxy_next_upstream error timeout http_503; proxy_next_upstream_tries 2;"
        " proxy_pass http://three; }",
        (get("/", "Do-Status: 503"),),
        rules=(
            Rules(
                (("/", "Prefix", "three"),),
                {"proxy_next_upstream": "error timeout http_503", "proxy_next_upstream_tries": "2"},
            ),
        ),
    ),
    Scene(
        "never",
        NEXT % ("off", "three"),
        (get("/", "Do-Status: 503"), get("/", "Do-Break: yes")),
        rules=(Rules((("/", "Prefix", "three"),), {"proxy_next_upstream": "off"}),),
    ),
    Scene(
        "by-header",
        CANARY.format(
            name="one",
            rules="if ($cookie_beta = always) { set $chosen two; } if ($cookie_beta = never) { set $chosen one; } "
            "if ($http_x_canary = always) { set $chosen two; } if ($http_x_canary = never) { set $chosen one; }",
        ),
        (
            get("/"),
            get("/", "X-Canary: always"),
            get("/", "x-canary: always"),
            get("/", "X-Canary: Always"),
            get("/", "X-Canary: never", "Cookie: beta=always"),
            get("/", "X-Canary: other", "Cookie: beta=always"),
            get("/", "Cookie: a=b; beta=always"),
            get("/", "Cookie: a=b;beta=always"),
            get("/", "Cookie: beta=never"),
            get("/", "Cookie: xbeta=always"),
            get("/", "Cookie: beta=always; beta=never"),
            get("/", "Cookie: BETA=always"),
            get("/", "Cookie: a=b", "Cookie: beta=always"),
        ),
        rules=(
            Rules(),
            Rules(
                (("/", "Prefix", "two"),),
                {"canary": "true", "canary_by_header": "X-Canary", "canary_by_cookie": "beta", "canary_weight": "0"},
            ),
        ),
    ),
    Scene(
        "by-value",
        CANARY.format(name="one", rules="if ($http_x_region = eu) { set $chosen two; }"),
        (get("/", "X-Region: eu"), get("/", "X-Region: EU"), get("/", "X-Region: always"), get("/")),
        rules=(
            Rules(),
            Rules(
                (("/", "Prefix", "two"),),
                {"canary": "true", "canary_by_header": "X-Region", "canary_by_header_value": "eu"},
            ),
        ),
    ),
    Scene(
        "by-pattern",
        CANARY.format(name="one", rules='if ($http_x_region ~ "^eu-[0-9]+$") { set $chosen two; }'),
        (get("/", "X-Region: eu-12"), get("/", "X-Region: eu-x"), get("/", "X-Region: EU-12"), get("/")),
        rules=(
            Rules(),
            Rules(
                (("/", "Prefix", "two"),),
                {"canary": "true", "canary_by_header": "X-Region", "canary_by_header_pattern": "^eu-[0-9]+$"},
            ),
        ),
    ),
)
