"""Which host a request is for."""

from tests.compare_nginx.scene import Rules, Scene, get

ONE = "location / { proxy_pass http://one; }"
TWO = "location / { proxy_pass http://two; }"

SCENES = (
    Scene(
        "names",
        ONE,
        (
            get("/"),
            get("/", host="NAMES.Example"),
            get("/", host="names.example:8080"),
            get("/", host="names.example.:8080"),
            get("/", host="names.example."),
            get("/", host="other.example"),
            get("/", host="x.names.example"),
            get("/", host="names.example.evil"),
            get("/", host="127.0.0.1"),
            get("/", host="[::1]"),
            get("/", host="names.example:"),
            get("/", host="names.example:http"),
            get("/", host="names..example"),
            get("/", host="names/example"),
            get("/", "Host: names.example", name="two hosts"),
            get("http://names.example/a?b", host="names.example", name="absolute target"),
            get("http://names.example/a", host="other.example", name="absolute target for another host"),
            get("HTTP://NAMES.example:81", host="names.example", name="absolute target without a path"),
            get("/", host=""),
        ),
    ),
    Scene(
        "wild",
        "",
        (
            get("/", host="a.wild.example"),
            get("/", host="A.WILD.EXAMPLE"),
            get("/", host="a-1.wild.example:80"),
            get("/", host="b.wild.example"),
            get("/", host="a.b.wild.example"),
            get("/", host="wild.example"),
            get("/", host=".wild.example"),
            get("/", host="~.wild.example"),
        ),
        rules=(Rules(host="*.wild.example"), Rules((("/", "Prefix", "two"),), host="b.wild.example")),
        servers={"~^(?<subdomain>[\\w-]+)\\.wild\\.example$": ONE, "b.wild.example": TWO},
    ),
    Scene(
        "alias",
        "",
        (
            get("/"),
            get("/", host="second.alias.example"),
            get("/", host="x.many.alias.example"),
            get("/", host="x.y.many.alias.example"),
            get("/", host="many.alias.example"),
            get("/", host="third.alias.example"),
        ),
        rules=(Rules(notes={"server_alias": "second.alias.example, *.many.alias.example"}),),
        servers={"alias.example second.alias.example *.many.alias.example": ONE},
    ),
)
