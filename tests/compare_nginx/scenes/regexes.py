"""Regular expressions, rewritten paths, and what both do to the other paths of a host."""

from tests.compare_nginx.scene import Rules, Scene, get

SPECIFIC = "ImplementationSpecific"

SCENES = (
    Scene(
        "capture",
        """
    location ~* "^/something(/|$)(.*)" { rewrite "(?i)/something(/|$)(.*)" /$2 break; proxy_pass http://one; }
    location ~* "^/" { return 404; }
""",
        tuple(
            get(target)
            for target in (
                "/something",
                "/something/",
                "/something/new?x=1&y=%20",
                "/SOMETHING/New",
                "/somethingelse",
                "/something/a%20b",
                "/something/a%2Fb",
                "/something/%61",
                "/something//a//b",
                "/something/a/../b",
                "/something/a%3Fb?c",
                "/something/a%25b",
                "/something/a%23b",
                "/something/\xc3\xa9",
                "/something/%C3%A9",
                "/something/a+b",
                "/something/a;b=c",
                "/something/?",
                "/something/%22%3C%3E",
                "/something/[a]|{b}",
                "/x/something/y",
                "/other",
            )
        ),
        rules=(Rules((("/something(/|$)(.*)", SPECIFIC, "one"),), {"rewrite_target": "/$2"}),),
    ),
    Scene(
        "collapse",
        """
    location ~* "^/app" { rewrite "(?i)/app" / break; proxy_pass http://one; }
    location ~* "^/" { return 404; }
""",
        (get("/app"), get("/app/x/y"), get("/application?a"), get("/APP"), get("/x/app"), get("/")),
        rules=(Rules((("/app", "Prefix", "one"),), {"rewrite_target": "/"}),),
    ),
    Scene(
        "parts",
        """
    location ~* "^/v(\\d+)/(?:users|people)/([^/]+)(/.*)?$" {
      rewrite "(?i)/v(\\d+)/(?:users|people)/([^/]+)(/.*)?$" /api/$1/$2$3/end break;
      proxy_pass http://one;
    }
    location ~* "^/" { return 404; }
""",
        (
            get("/v1/users/ann"),
            get("/v22/people/Ann/x/y?z"),
            get("/V1/Users/ann/"),
            get("/vx/users/ann"),
            get("/v1/users/"),
            get("/v1/users/a%20b"),
            get("/v1/users/$1"),
        ),
        rules=(
            Rules(
                (("/v(\\d+)/(?:users|people)/([^/]+)(/.*)?$", SPECIFIC, "one"),), {"rewrite_target": "/api/$1/$2$3/end"}
            ),
        ),
    ),
    Scene(
        "longest",
        """
    location ~* "^/foo/bar/[a-z]{3}" { proxy_pass http://two; }
    location ~* "^/foo/bar/bar" { proxy_pass http://one; }
    location ~* "^/id/[0-9]+$" { proxy_pass http://two; }
    location ~* "^/id/[0-9]+" { proxy_pass http://one; }
    location ~* "^/foo/" { proxy_pass http://one; }
    location ~* "^/" { return 404; }
""",
        tuple(
            get(target)
            for target in (
                "/foo/bar/bar",
                "/foo/bar/ba",
                "/foo/bar/BAR",
                "/foo/bar/barometer",
                "/foo/x",
                "/foo",
                "/id/12",
                "/id/12a",
                "/id/a",
                "/id/12/",
                "/id/12?x",
                "/id/%31",
            )
        ),
        rules=(
            Rules(
                (
                    ("/foo/bar/[a-z]{3}", SPECIFIC, "two"),
                    ("/foo/bar/bar", SPECIFIC, "one"),
                    ("/foo/", SPECIFIC, "one"),
                    ("/id/[0-9]+$", SPECIFIC, "two"),
                    ("/id/[0-9]+", SPECIFIC, "one"),
                ),
                {"use_regex": "true"},
            ),
        ),
    ),
    Scene(
        "infected",
        """
    location ~* "^/regex/[0-9]+" { proxy_pass http://two; }
    location ~* "^/prefix/" { proxy_pass http://one; }
    location ~* "^/prefix" { proxy_pass http://one; }
    location ~* "^/Exact" { proxy_pass http://one; }
    location ~* "^/" { return 404; }
""",
        tuple(
            get(target)
            for target in (
                "/regex/1",
                "/Exact",
                "/exact",
                "/exactly",
                "/prefix",
                "/prefixed",
                "/PREFIX/x",
                "/regex/x",
                "/other",
            )
        ),
        rules=(
            Rules((("/regex/[0-9]+", SPECIFIC, "two"),), {"use_regex": "true"}),
            Rules((("/Exact", "Exact", "one"), ("/prefix", "Prefix", "one"))),
        ),
    ),
    Scene(
        "beside",
        """
    location ~* "^/foo.+" { rewrite "(?i)/foo.+" /new/backend break; proxy_pass http://two; }
    location ~* "^/foo/" { proxy_pass http://one; }
    location ~* "^/foo" { proxy_pass http://one; }
    location ~* "^/" { return 404; }
""",
        (get("/foo/bar"), get("/foo"), get("/foo/"), get("/FOO/x?y"), get("/food"), get("/bar")),
        rules=(
            Rules((("/foo", "Prefix", "one"),)),
            Rules((("/foo.+", SPECIFIC, "two"),), {"rewrite_target": "/new/backend", "use_regex": "true"}),
        ),
    ),
    Scene(
        "same",
        """
    location = /same { proxy_pass http://one; }
    location /same/ { proxy_pass http://one; }
    location / { return 404; }
""",
        (get("/same"), get("/same/x"), get("/samely"), get("/SAME")),
        rules=(Rules((("/same", "Prefix", "one"),), {"rewrite_target": "/same"}),),
    ),
    Scene(
        "prefixed",
        """
    location ~* "^/app(/|$)(.*)" {
      rewrite "(?i)/app(/|$)(.*)" /$2 break;
      include told;
      proxy_set_header X-Forwarded-Prefix "/app";
      proxy_pass http://one;
    }
    location ~* "^/" { return 404; }
""",
        (get("/app/x"), get("/app/x", "X-Forwarded-Prefix: /spoofed")),
        rules=(Rules((("/app(/|$)(.*)", SPECIFIC, "one"),), {"rewrite_target": "/$2", "x_forwarded_prefix": "/app"}),),
    ),
    Scene(
        "elsewhere",
        """
    location ~* "^/old/(.*)" { rewrite "(?i)/old/(.*)" https://new.example/$1 break; proxy_pass http://one; }
    location ~* "^/" { return 404; }
""",
        (get("/old/x"), get("/old/x?y=z"), get("/old/a%20b"), get("/other")),
        rules=(Rules((("/old/(.*)", SPECIFIC, "one"),), {"rewrite_target": "https://new.example/$1"}),),
    ),
)
