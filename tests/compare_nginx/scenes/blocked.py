"""Clients and referring pages that nobody is served with, by the `map` that ingress-nginx makes of the options."""

from tests.compare_nginx.scene import Ask, Rules, Scene, get, post

PROXY = "proxy_pass http://one;"
USER_AGENTS = r"""curl/8.0, ~Bot, "~*evil spider", \~tilde"""
REFERERS = r"~*^https?://spam\., http://a.example/"
MAPS = r"""
  map $http_user_agent $block_ua { default 0; curl/8.0 1; ~Bot 1; "~*evil spider" 1; \~tilde 1; }
  map $http_referer $block_ref { default 0; ~*^https?://spam\. 1; http://a.example/ 1; }
"""
REFUSED = "if ($block_ua) { return 403; } if ($block_ref) { return 403; }"
AGENTS = ("curl/8.0", "CURL/8.0", "curl/8.0.1", "a Bot", "a bot", "an EVIL spider", "~tilde", "tilde", "")
PAGES = ("https://SPAM.example/", "https://ham.example/?http://spam.", "http://a.example/", "http://a.example/x", "")

SCENES = (
    Scene(
        "blocked",
        f"{REFUSED} location / {{ {PROXY} }}",
        (
            get("/"),
            *(get("/", f"User-Agent: {one}".strip()) for one in AGENTS),
            *(get("/", f"Referer: {one}".strip()) for one in PAGES),
            get("/", "User-Agent: curl/8.0", tls=True),
            Ask("HEAD /", ("User-Agent: a Bot",)),
            post("/", b"x", "User-Agent: a Bot"),
        ),
        http=MAPS,
        group="blocking",
    ),
    Scene(
        "blocked-elsewhere",
        f"{REFUSED} location / {{ return 301 https://other.example/; }}",
        (get("/"), get("/", "User-Agent: a Bot"), get("/", "Referer: http://spam.example/")),
        rules=(Rules(notes={"permanent_redirect": "https://other.example/"}),),
        group="blocking",
    ),
)
