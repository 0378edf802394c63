"""Who is let in: addresses, passwords, limits, origins of scripts."""

from base64 import b64encode

from tests.compare_nginx.scene import Ask, Rules, Scene, get, post

PROXY = "proxy_pass http://one;"
HASHES = {
    "sha": "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",  # of "secret", as the other
    "apr": "$apr1$r31....$gnsoqlxyxQQ0Ot5JCwiei.",
}
USERS = "".join(f"{name}:{hashed}\n" for name, hashed in HASHES.items())
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: users}\nstringData:\n  auth: |\n" + "".join(
    f"    {line}\n" for line in USERS.splitlines()
)
PASSWORD = {"auth_type": "basic", "auth_secret": "users", "auth_realm": "Staff only"}
ASKED = 'auth_basic "Staff only"; auth_basic_user_file users; include told; proxy_set_header Authorization "";'
TO_HTTPS = "if ($scheme = http) { return 308 https://$host$without_last_slash; }"


def basic(pair: str) -> str:
    return f"Authorization: Basic {b64encode(pair.encode()).decode()}"


def cors(origin: str, *, exposed: str = "", always: str = "") -> str:
    """The headers of an allowed origin; `origin` and the rest are values or variables that are empty for others."""
    value = always or "$cors_value"
    told = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "$cors_true" if not always else "true",
        "Access-Control-Allow-Methods": "$cors_methods" if not always else METHODS,
        "Access-Control-Allow-Headers": "$cors_headers" if not always else HEADERS,
        "Access-Control-Max-Age": "$cors_age" if not always else "1728000",
    }
    if exposed:
        told["Access-Control-Expose-Headers"] = exposed
    lines = " ".join(f'add_header {name} "{one}" always; proxy_hide_header {name};' for name, one in told.items())
    return f'set $asked "${{request_method}}{value}"; {lines} include answers;'


METHODS = "GET, PUT, POST, DELETE, PATCH, OPTIONS"
HEADERS = "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization"
LISTED = f"""
  map $http_origin $cors_origin {{
    default "";
    "~*^https://a\\.example$" $http_origin;
    "~*^http://[A-Za-z0-9-]+\\.b\\.example:8080$" $http_origin;
  }}
  map $cors_origin $cors_value {{ default yes; "" no; }}
  map $cors_origin $cors_true {{ default true; "" ""; }}
  map $cors_origin $cors_methods {{ default "{METHODS}"; "" ""; }}
  map $cors_origin $cors_headers {{ default "{HEADERS}"; "" ""; }}
  map $cors_origin $cors_age {{ default 1728000; "" ""; }}
"""
PREFLIGHT = "if ($asked = OPTIONSyes) { return 204; }"

SCENES = (
    Scene(
        "allowed",
        f"location / {{ allow 127.0.0.0/8; deny all; {PROXY} }}",
        (get("/"), get("/", "X-Forwarded-For: 18.0.0.1"), get("/", "X-Real-IP: 18.0.0.1")),
        rules=(Rules(notes={"allowlist_source_range": "127.0.0.0/8"}),),
    ),
    Scene(
        "strangers",
        f"location / {{ allow 198.51.100.0/24; deny all; {PROXY} }}",
        (get("/"), get("/", "X-Forwarded-For: 198.51.100.1"), Ask("HEAD /"), post("/", b"x"), get("/", tls=True)),
        rules=(Rules(notes={"allowlist_source_range": "198.51.100.0/24"}),),
    ),
    Scene(
        "denied",
        f"location / {{ deny 127.0.0.1; allow 127.0.0.0/8; deny all; {PROXY} }}",
        (get("/"),),
        rules=(Rules(notes={"denylist_source_range": "127.0.0.1", "allowlist_source_range": "127.0.0.0/8"}),),
    ),
    Scene(
        "listed-tls",
        f"location / {{ {TO_HTTPS} allow 198.51.100.0/24; deny all; {PROXY} }}",
        (get("/a"), get("/a", tls=True)),
        rules=(Rules(notes={"allowlist_source_range": "198.51.100.0/24"}, tls=True),),
    ),
    Scene(
        "password",
        f"location / {{ {ASKED} {PROXY} }}",
        (
            get("/"),
            get("/", basic("sha:secret")),
            get("/", basic("apr:secret")),
            get("/", basic("sha:wrong")),
            get("/", basic("sha:")),
            get("/", basic("eve:secret")),
            get("/", basic("sha")),
            get("/", "Authorization: Basic"),
            get("/", "Authorization: Basic !!!"),
            get("/", "Authorization: Bearer x"),
            get("/", basic("sha:secret").replace("Basic", "BASIC")),
            get("/", basic("sha:secret").replace("Basic ", "Basic  ")),
            get("/", basic("sha:secret").rstrip("=")),
            Ask("HEAD /"),
            Ask("OPTIONS /", ("Origin: https://a.example",)),
            post("/", b"x"),
        ),
        rules=(Rules(notes=PASSWORD),),
        objects=(SECRET,),
    ),
    Scene(
        "either",
        f"location / {{ satisfy any; allow 198.51.100.0/24; deny all; {ASKED} {PROXY} }}",
        (get("/"), get("/", basic("sha:secret")), get("/", basic("sha:wrong"))),
        rules=(Rules(notes={**PASSWORD, "allowlist_source_range": "198.51.100.0/24", "satisfy": "any"}),),
    ),
    Scene(
        "password-tls",
        f"location / {{ {TO_HTTPS} {ASKED} {PROXY} }}",
        (get("/a"), get("/a", tls=True), get("/a", basic("sha:secret"), tls=True)),
        rules=(Rules(notes=PASSWORD, tls=True),),
    ),
    Scene(
        "burst",
        f"location / {{ limit_req zone=burst burst=5 nodelay; limit_req_status 503; {PROXY} }}",
        (get("/", times=8),),
        rules=(Rules(notes={"limit_rpm": "1"}),),
        http="  limit_req_zone $binary_remote_addr zone=burst:1m rate=1r/m;",
    ),
    Scene(
        "little",
        f"location / {{ limit_req zone=little burst=2 nodelay; limit_req_status 503; {PROXY} }}",
        (get("/", times=5),),
        rules=(Rules(notes={"limit_rpm": "1", "limit_burst_multiplier": "2"}),),
        http="  limit_req_zone $binary_remote_addr zone=little:1m rate=1r/m;",
    ),
    Scene(
        "counted",
        f"location / {{ limit_req zone=counted burst=1 nodelay; limit_req_status 503; {ASKED} {PROXY} }}",
        (get("/", times=4),),
        rules=(Rules(notes={**PASSWORD, "limit_rpm": "1", "limit_burst_multiplier": "1"}),),
        http="  limit_req_zone $binary_remote_addr zone=counted:1m rate=1r/m;",
    ),
    Scene(
        "cors",
        f"location / {{ {cors('$cors_origin')} {PREFLIGHT} {PROXY} }}",
        (
            get("/", "Origin: https://a.example"),
            get("/", "Origin: HTTPS://A.example"),
            get("/", "Origin: http://x.b.example:8080"),
            get("/", "Origin: http://x.b.example"),
            get("/", "Origin: https://evil.example"),
            get("/", "Origin: null"),
            get("/"),
            get("/", "Origin: https://a.example", "Do-Status: 500"),
            get("/", "Origin: https://a.example", "Do-Header: Access-Control-Allow-Origin: *"),
            get("/", "Origin: https://evil.example", "Do-Header: Access-Control-Allow-Origin: *"),
            Ask("OPTIONS /", ("Origin: https://a.example", "Access-Control-Request-Method: PUT")),
            Ask("OPTIONS /", ("Origin: https://evil.example", "Access-Control-Request-Method: PUT")),
            Ask("OPTIONS /", ("Origin: https://a.example",)),
            Ask("OPTIONS /"),
        ),
        rules=(
            Rules(notes={"enable_cors": "true", "cors_allow_origin": "https://a.example, http://*.b.example:8080"}),
        ),
        http=LISTED,
    ),
    Scene(
        "cors-all",
        f"location / {{ {cors('*', exposed='X-One', always='yes')} {PREFLIGHT} {TO_HTTPS} {PROXY} }}",
        (
            get("/", "Origin: https://a.example", tls=True),
            get("/", tls=True),
            get("/", "Origin: https://a.example"),
            Ask("OPTIONS /", ("Origin: https://a.example",)),
            Ask("OPTIONS /"),
        ),
        rules=(Rules(notes={"enable_cors": "true", "cors_expose_headers": "X-One"}, tls=True),),
    ),
    Scene(
        "cors-closed",
        f"location / {{ {cors('*', always='yes')} {PREFLIGHT} allow 198.51.100.0/24; deny all; {PROXY} }}",
        (get("/", "Origin: https://a.example"), Ask("OPTIONS /", ("Origin: https://a.example",))),
        rules=(Rules(notes={"enable_cors": "true", "allowlist_source_range": "198.51.100.0/24"}),),
    ),
)
