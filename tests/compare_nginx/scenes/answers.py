"""What becomes of a backend's answer."""

from tests.compare_nginx.scene import Rules, Scene, get

ONE = "location / { proxy_pass http://one; }"

SCENES = (
    Scene(
        "answers",
        ONE,
        (
            get("/", "Do-Status: 404"),
            get("/", "Do-Status: 500"),
            get("/", "Do-Status: 418"),
            get("/", "Do-Status: 599"),
            get("/", "Do-Status: 204"),
            get("/", "Do-Status: 304"),
            get("/", "Do-Status: 301", "Do-Header: Location: /relative"),
            get("/", "Do-Status: 302", "Do-Header: Location: http://127.0.0.1:1/x", "Do-Header: Refresh: 5; url=/y"),
            get("/", "Do-Header: Set-Cookie: a=b; Path=/", "Do-Header: Set-Cookie: c=d"),
            get("/", "Do-Header: X-Powered-By: x", "Do-Header: Via: 1.1 x", "Do-Header: X-Under_score: x"),
            get("/", "Do-Header: Cache-Control: no-store", "Do-Header: Vary: Accept", "Do-Header: Expires: 0"),
            get("/", "Do-Header: Content-Type: text/html; charset=x", "Do-Header: Content-Encoding: gzip"),
            get("/", "Do-Header: Keep-Alive: timeout=5", "Do-Header: Proxy-Authenticate: x"),
            get("/", "Do-Header: Connection: X-Own", "Do-Header: X-Own: x"),
            get("/", "Do-Header: Upgrade: x"),
            get("/", "Do-Header: X-Accel-Redirect: /x"),
            get("/", "Do-Header: X-Accel-Expires: 1", "Do-Header: X-Accel-Buffering: no"),
            get("/", "Do-Header: WWW-Authenticate: Basic", "Do-Status: 401"),
            get("/", "Do-Header: Accept-Ranges: bytes", "Range: bytes=0-0"),
            get("/", "Do-Header: X-Bytes: \xe9"),
            get("/", "Do-Header: Strict-Transport-Security: max-age=1"),
            get("/", "Do-Header: Pragma: no-cache", "Do-Header: Link: </x>; rel=preload"),
            get("/", "Do-Chunk: yes"),
            get("/", "Do-Break: yes"),
        ),
    ),
    Scene(
        "cookies",
        """
    location / {
      proxy_cookie_domain inner.example outer.example;
      proxy_cookie_path /app /;
      proxy_pass http://one;
    }
""",
        (
            get("/", "Do-Header: Set-Cookie: a=b; Domain=inner.example; Path=/app"),
            get("/", "Do-Header: Set-Cookie: a=b; Path=/app/x; HttpOnly"),
            get("/", "Do-Header: Set-Cookie: a=b; Path=/application"),
            get("/", "Do-Header: Set-Cookie: a=b; domain=INNER.example; Secure"),
            get("/", "Do-Header: Set-Cookie: a=b; Domain=.inner.example"),
            get("/", "Do-Header: Set-Cookie: a=b; Domain=x.inner.example; path=/other"),
            get("/", "Do-Header: Set-Cookie: a=b", "Do-Header: Set-Cookie: c=d; Path=/app"),
            get("/", "Do-Header: Set-Cookie: a=/app; Path=/"),
        ),
        rules=(Rules(notes={"proxy_cookie_domain": "inner.example outer.example", "proxy_cookie_path": "/app /"}),),
    ),
    Scene(
        "cookies-dotted",
        "location / { proxy_cookie_domain .inner.example .outer.example; proxy_pass http://one; }",
        (
            get("/", "Do-Header: Set-Cookie: a=b; Domain=inner.example"),
            get("/", "Do-Header: Set-Cookie: a=b; Domain=.inner.example"),
        ),
        rules=(Rules(notes={"proxy_cookie_domain": ".inner.example .outer.example"}),),
    ),
    Scene(
        "locations",
        "location / { proxy_redirect http://inner.example/ https://outer.example/x/; proxy_pass http://one; }",
        (
            get("/", "Do-Status: 302", "Do-Header: Location: http://inner.example/a?b"),
            get("/", "Do-Status: 302", "Do-Header: Location: http://inner.example"),
            get("/", "Do-Status: 302", "Do-Header: Location: https://inner.example/a"),
            get("/", "Do-Status: 302", "Do-Header: Location: HTTP://INNER.example/a"),
            get("/", "Do-Status: 302", "Do-Header: Location: /a"),
            get("/", "Do-Status: 201", "Do-Header: Location: http://inner.example/a"),
            get("/", "Do-Header: Refresh: 0; url=http://inner.example/a"),
            get("/", "Do-Header: Refresh: 0; URL=http://inner.example/a"),
        ),
        rules=(
            Rules(
                notes={"proxy_redirect_from": "http://inner.example/", "proxy_redirect_to": "https://outer.example/x/"}
            ),
        ),
    ),
    Scene(
        "added",
        'location / { add_header X-Frame-Options "DENY" always; include answers; '
        "proxy_hide_header X-Frame-Options; proxy_pass http://one; }",
        (
            get("/"),
            get("/", "Do-Status: 500"),
            get("/", "Do-Break: yes"),
            get("/", "Do-Header: X-Frame-Options: SAMEORIGIN"),
            get("/", tls=True),
        ),
        rules=(Rules(notes={"custom_headers": "added"}),),
        objects=("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: added}\ndata: {X-Frame-Options: DENY}\n",),
    ),
)
