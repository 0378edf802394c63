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
    Scene(
        "alias-order",
        "",
        tuple(
            get("/", host=host)
            for host in (
                *("a.example", "b.example", "own.many.example", "x.many.example", "x.y.many.example", "many.example"),
                *("x.more.many.example", "dot.example", "x.y.dot.example", "tail.com", "tail.co.uk", "x.tail.com"),
                *("tail.dot.example", "www7.example", "WWW7.example", "www7.test", "www77.test", "one.wild.test"),
                *("www7.wild.test", "x.y.wild.test", "localhost", "many.example.", "tail.dot.test", "tail"),
            )
        ),
        rules=(
            Rules(host="a.example", notes={"server_alias": r"*.many.example, .dot.example, tail.*, ~^www[0-9]+\."}),
            Rules(
                (("/", "Prefix", "two"),),
                host="b.example",
                notes={"server_alias": r"*.more.many.example, tail.dot.*, ~^WWW7, ~^(one|www)"},
            ),
            Rules((("/", "Prefix", "two"),), host="own.many.example"),
            Rules((("/", "Prefix", "two"),), host="*.wild.test"),
        ),
        servers={
            "~^(?<subdomain>[\\w-]+)\\.wild\\.test$": TWO,
            "a.example *.many.example .dot.example tail.* ~^www[0-9]+\\.": ONE,
            "b.example *.more.many.example tail.dot.* ~^WWW7 ~^(one|www)": TWO,
            "own.many.example": TWO,
        },
    ),
)
