"""What a backend is told about the client and its request."""

from tests.compare_nginx.scene import Rules, Scene, get

ONE = "location / { proxy_pass http://one; }"
CLAIMS = (
    "X-Forwarded-For: 18.0.0.1",
    "X-Forwarded-Host: claimed.example",
    "X-Forwarded-Port: 8443",
    "X-Forwarded-Proto: https",
)
_WEBSOCKET = ("Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13")

SCENES = (
    Scene(
        "told",
        ONE,
        (
            get("/"),
            get("/", tls=True),
            get("/", *CLAIMS, name="claims"),
            get("/", *CLAIMS, tls=True, name="claims over TLS"),
            get("/", "X-Real-IP: 18.0.0.1", "X-Scheme: ftp", "X-Forwarded-Scheme: ftp"),
            get("/", "X-Original-Forwarded-For: 18.0.0.1"),
            get("/", "X-Forwarded-For: 18.0.0.1", "X-Forwarded-For: 18.0.0.2"),
            get("/", "X-Request-ID: mine"),
            get("/", "X-Request-ID:"),
            get("/", "Proxy: x"),
            get("/", "Forwarded: for=18.0.0.1", "Via: 1.1 x", "X-Forwarded-Server: x"),
            get("/", "X-Original-URI: /x", "X-Original-URL: /x"),
            get("/", "ssl-client-verify: SUCCESS", "ssl-client-cert: x", "ssl-client-subject-dn: CN=x"),
            get("/", "Cookie: a=b", "Cookie: c=d"),
            get("/", "Authorization: Basic eDp5", "Range: bytes=0-1", "If-None-Match: x"),
            get("/", "X_Under: score", "X-Bad Name: x", name="bad names"),
            get("/", "X-Empty:", "X-Spaces:   a  b  "),
            get("/", "X-Bytes: \xe9\xff"),
            get("/", "Connection: X-Own, close", "X-Own: x", name="nominated"),
            get("/", "Keep-Alive: 5", "TE: trailers", "Proxy-Connection: x", "Trailer: x", name="for one hop"),
            get("/", *_WEBSOCKET, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", name="websocket"),
            get("/", *_WEBSOCKET, "Sec-WebSocket-Key: x", name="websocket without a good key"),
            get("/", "Upgrade: websocket", name="websocket without Connection"),
            get("/", "Connection: Upgrade", name="Connection without websocket"),
            get("/", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: x", name="h2c"),
        ),
    ),
    Scene(
        "believed",
        ONE,
        (
            get("/"),
            get("/", *CLAIMS, name="claims"),
            get("/", *CLAIMS, tls=True, name="claims over TLS"),
            get("/", "X-Forwarded-For: 18.0.0.1, 18.0.0.2"),
            get("/", "X-Forwarded-For: nonsense"),
            get("/", "X-Forwarded-For: 2001:db8::1"),
            get("/", "X-Forwarded-For: 18.0.0.1:4711"),
            get("/", "X-Forwarded-Host: a.example, b.example"),
            get("/", "X-Forwarded-Proto: HTTPS"),
            get("/", "X-Forwarded-Port: 8443"),
        ),
        group="trusting",
    ),
    Scene(
        "believed-tls",
        "location / { if ($schemes = httphttp) { return 308 https://$best_host$without_last_slash; }"
        " proxy_pass http://one; }",
        (
            get("/a"),
            get("/a", "X-Forwarded-Proto: https"),
            get("/a", "X-Forwarded-Proto: http", tls=True),
            get("/a", "X-Forwarded-Host: outer.example"),
        ),
        rules=(Rules(tls=True),),
        http='  map "" $schemes { default "$scheme$pass_scheme"; }',
        group="trusting",
    ),
    Scene(
        "believed-list",
        "location / { allow 18.1.0.0/16; deny all; proxy_pass http://one; }",
        (
            get("/"),
            get("/", "X-Forwarded-For: 18.1.0.1"),
            get("/", "X-Forwarded-For: 18.1.0.1, 18.2.0.1"),
            get("/", "X-Forwarded-For: 18.2.0.1, 18.1.0.1"),
        ),
        rules=(Rules(notes={"allowlist_source_range": "18.1.0.0/16"}),),
        group="trusting",
    ),
    Scene(
        "vhost",
        """
    location / {
      proxy_set_header Host "inner.example";
      proxy_set_header X-Forwarded-Host $best_host;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Request-ID $req_id;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $pass_for;
      proxy_set_header X-Forwarded-Port $pass_port;
      proxy_set_header X-Forwarded-Proto $pass_scheme;
      proxy_set_header X-Forwarded-Scheme $pass_scheme;
      proxy_set_header X-Scheme $pass_scheme;
      proxy_pass http://one;
    }
""",
        (get("/"), get("/", host="vhost.example:8080")),
        rules=(Rules(notes={"upstream_vhost": "inner.example"}),),
    ),
)
